/*
 * host - a program that logs in through libpam, for promises that are about the whole process: what a call leaves behind,
 * what is printed, what happens when a library call fails.  Compiled by tests/tests/module_host.rs.
 *
 *   host CONFDIR SERVICE USER ANSWER REPORT MODE [ARGUMENT...]
 *
 *   traces            one call; says what of the process is not as before
 *   reload N          N times start, call, end: libpam loads and unloads the module each time; says what has grown
 *   threads T N       the same in T threads at once
 *   faults FN ERRNO   for n = 1, 2, ... a call in a child in which the n-th FN fails, until one in which no n-th came
 *   once              one call
 *   prints            one call; at its prompt the host writes to its standard output
 *   starved           one call without a descriptor to be had
 *
 * REPORT is a file, since standard output and error are to stay empty.  pam_syslog is answered here (the module finds this
 * program's before libpam's) and goes to REPORT too, as "log PRIORITY TEXT".
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <security/pam_appl.h>
#include <security/pam_ext.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *confdir, *service, *user, *answer;
static int report = -1;
extern char **environ;

/* One write a line, from memory of our own: nothing here may be disturbed by the faults, or disturb them. */
static void say(const char *format, ...)
{
	char line[2048];
	va_list arguments;

	va_start(arguments, format);
	int n = vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	if (n > 0 && write(report, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1) < 0)
		_exit(99);
}

void pam_syslog(const pam_handle_t *handle, int priority, const char *format, ...)
{
	char text[1500];
	va_list arguments;

	(void)handle;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	say("log %d %s\n", priority, text);
}

static int count_inheritable(void)
{
	int n = 0;
	for (int fd = 0; fd < 256; fd++) {
		int flags = fcntl(fd, F_GETFD);
		n += flags >= 0 && !(flags & FD_CLOEXEC);
	}
	return n;
}

static int inheritable = -1, prints;

/* What is true while a prompt stands: no descriptor more than before that a program the host starts would inherit. */
static void look_at_prompt(void)
{
	if (inheritable >= 0 && count_inheritable() != inheritable)
		say("changed inheritable descriptors: %d -> %d\n", inheritable, count_inheritable());
	if (prints && write(STDOUT_FILENO, "printed by the host\n", 20) != 20)
		say("not printed: %s\n", strerror(errno));
}

/* HOST_THINKS_S: so many seconds go by before an answer, by the clock of fault.c. */
static void think(void)
{
	void (*leap)(int);

	*(void **)&leap = dlsym(RTLD_DEFAULT, "fault_leap");
	if (leap && getenv("HOST_THINKS_S"))
		leap(atoi(getenv("HOST_THINKS_S")));
}

static int converse(int count, const struct pam_message **messages, struct pam_response **responses, void *data)
{
	(void)data;
	*responses = calloc((size_t)count, sizeof **responses);
	if (!*responses)
		return PAM_BUF_ERR;
	for (int i = 0; i < count; i++) {
		int style = messages[i]->msg_style;
		if (style == PAM_PROMPT_ECHO_ON || style == PAM_PROMPT_ECHO_OFF) {
			look_at_prompt();
			think();
			(*responses)[i].resp = strdup(answer);
			if (!(*responses)[i].resp) {
				free(*responses);
				*responses = NULL;
				return PAM_BUF_ERR;
			}
		}
	}
	return PAM_SUCCESS;
}

static void no_delay(int status, unsigned microseconds, void *data)
{
	(void)status, (void)microseconds, (void)data;
}

static pam_handle_t *start(void)
{
	struct pam_conv conversation = { converse, NULL };
	pam_handle_t *handle = NULL;

	if (pam_start_confdir(service, user, &conversation, confdir, &handle) != PAM_SUCCESS)
		return NULL;
	void (*delay)(int, unsigned, void *) = no_delay;
	pam_set_item(handle, PAM_FAIL_DELAY, *(void **)&delay);
	if (getenv("HOST_TTY"))
		pam_set_item(handle, PAM_TTY, getenv("HOST_TTY"));
	return handle;
}

static int once(void)
{
	pam_handle_t *handle = start();
	if (!handle)
		return 98;
	int code = pam_authenticate(handle, 0);
	pam_end(handle, code);
	return code;
}

/* ------------------------------------------------------------------ traces */

struct process {
	char descriptors[4096], cwd[4096], environment[65536];
	struct sigaction actions[65];
	sigset_t blocked;
	mode_t mask;
	struct rlimit limits[RLIMIT_NLIMITS];
	int threads, maps, opened;
};

static int count(const char *directory)
{
	int n = 0;
	DIR *entries = opendir(directory);
	while (readdir(entries))
		n++;
	closedir(entries);
	return n;
}

static void list_descriptors(struct process *p)
{
	char path[64], target[256];
	size_t used = 0;

	p->descriptors[0] = 0;
	p->opened = 0;
	for (int fd = 0; fd < 256; fd++) {
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		ssize_t n = readlink(path, target, sizeof target - 1);
		if (n < 0)
			continue;
		target[n] = 0;
		p->opened++;
		used += (size_t)snprintf(p->descriptors + used, sizeof p->descriptors - used, "%d=%s ", fd, target);
	}
}

static int count_maps(void)
{
	int n = 0, c;
	FILE *maps = fopen("/proc/self/maps", "re");
	while ((c = getc(maps)) != EOF)
		n += c == '\n';
	fclose(maps);
	return n;
}

static void look(struct process *p)
{
	size_t used = 0;

	memset(p, 0, sizeof *p);
	for (int s = 1; s <= 64; s++)
		sigaction(s, NULL, &p->actions[s]);
	sigprocmask(SIG_SETMASK, NULL, &p->blocked);
	umask(p->mask = umask(0));
	for (int r = 0; r < (int)RLIMIT_NLIMITS; r++)
		getrlimit(r, &p->limits[r]);
	if (!getcwd(p->cwd, sizeof p->cwd))
		_exit(97);
	for (char **e = environ; *e; e++)
		used += (size_t)snprintf(p->environment + used, sizeof p->environment - used, "%s\n", *e);
	p->threads = count("/proc/self/task");
	p->maps = count_maps();
	list_descriptors(p);
}

static void compare(const struct process *a, const struct process *b)
{
	if (strcmp(a->descriptors, b->descriptors))
		say("changed descriptors: %s -> %s\n", a->descriptors, b->descriptors);
	for (int s = 1; s <= 64; s++)
		if (a->actions[s].sa_handler != b->actions[s].sa_handler || a->actions[s].sa_flags != b->actions[s].sa_flags)
			say("changed signal %d\n", s);
	if (memcmp(&a->blocked, &b->blocked, sizeof a->blocked))
		say("changed blocked signals\n");
	if (a->mask != b->mask)
		say("changed umask\n");
	if (memcmp(a->limits, b->limits, sizeof a->limits))
		say("changed limits\n");
	if (strcmp(a->cwd, b->cwd))
		say("changed working directory\n");
	if (strcmp(a->environment, b->environment))
		say("changed environment\n");
	if (a->threads != b->threads)
		say("changed threads: %d -> %d\n", a->threads, b->threads);
}

static void traces(void)
{
	static struct process before, after;

	look(&before);
	int code = once();
	look(&after);
	compare(&before, &after);
	say("code %d\n", code);
}

static void starved(void)
{
	struct rlimit none = { 3, 3 };
	pam_handle_t *handle = start();

	if (!handle || setrlimit(RLIMIT_NOFILE, &none) != 0)
		_exit(98);
	say("code %d\n", pam_authenticate(handle, 0));
	pam_end(handle, PAM_SUCCESS);
}

/* ------------------------------------------------------- reload and threads */

static void *many(void *argument)
{
	long n = *(long *)argument;
	for (long i = 0; i < n; i++) {
		int code = once();
		if (code != PAM_SUCCESS)
			say("code %d at call %ld\n", code, i);
	}
	return NULL;
}

static void reload(int threads, long n)
{
	static struct process before, after;
	pthread_t thread[64];
	long warm = 3;

	many(&warm);
	look(&before);
	if (threads <= 1)
		many(&n);
	else
		for (int round = 0; round < n; round += 10) {
			/* Threads that end: destructors of thread-locals must not run in memory that was unmapped. */
			long ten = 10;
			for (int t = 0; t < threads; t++)
				pthread_create(&thread[t], NULL, many, &ten);
			for (int t = 0; t < threads; t++)
				pthread_join(thread[t], NULL);
		}
	look(&after);
	compare(&before, &after);
	/* malloc gives every new thread an arena: mappings may grow with those, never with the calls. */
	if (after.maps > before.maps + 4 * threads + 4)
		say("changed mappings: %d -> %d\n", before.maps, after.maps);
	say("done\n");
}

/* ------------------------------------------------------------------- faults */

/* HOST_FILE: what a call leaves in that file is undone before the next; a success that leaves it as it was is said. */
static char before[1 << 16], after[1 << 16];
static ssize_t file_size;
static int file = -1;

static void keep_file(void)
{
	if (getenv("HOST_FILE") && ((file = open(getenv("HOST_FILE"), O_RDWR | O_CLOEXEC)) < 0 ||
	                            (file_size = pread(file, before, sizeof before, 0)) <= 0))
		_exit(95);
}

static void put_file_back(int code)
{
	if (file < 0)
		return;
	if (code == PAM_SUCCESS && (pread(file, after, sizeof after, 0) != file_size || !memcmp(before, after, (size_t)file_size)))
		say("success, and the file is as it was\n");
	if (pwrite(file, before, (size_t)file_size, 0) != file_size)
		_exit(95);
}

static void faults(const char *function, int error)
{
	int (*arm)(const char *, int, int);
	int (*fired)(void);

	*(void **)&arm = dlsym(RTLD_DEFAULT, "fault_arm");
	*(void **)&fired = dlsym(RTLD_DEFAULT, "fault_fired");
	if (!arm || !fired)
		_exit(96);
	keep_file();
	for (int n = 1; n < 10000; n++) {
		pid_t child = fork();
		if (child == 0) {
			alarm(30); /* a hang ends as a signal */
			pam_handle_t *handle = start();
			if (!handle)
				_exit(98);
			if (arm(function, n, error) != 0)
				_exit(96);
			int code = pam_authenticate(handle, 0);
			int came = fired();
			arm(function, 0, 0);
			pam_end(handle, code);
			_exit(came ? code : 64 + code);
		}
		int status = 0;
		while (waitpid(child, &status, 0) < 0 && errno == EINTR)
			;
		put_file_back(WIFEXITED(status) ? WEXITSTATUS(status) % 64 : -1);
		if (WIFSIGNALED(status)) {
			say("%s %d signal %d\n", function, n, WTERMSIG(status));
		} else if (WEXITSTATUS(status) >= 64) {
			say("%s %d none %d\n", function, n, WEXITSTATUS(status) - 64);
			return;
		} else {
			say("%s %d code %d\n", function, n, WEXITSTATUS(status));
		}
	}
}

int main(int argc, char **argv)
{
	if (argc < 7)
		return 95;
	confdir = argv[1];
	service = argv[2];
	user = argv[3];
	answer = argv[4];
	const char *mode = argv[6];
	report = fcntl(open(argv[5], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600), F_DUPFD_CLOEXEC, 200);
	close(3);
	if (report < 0)
		return 94;
	prints = !strcmp(mode, "prints");
	if (prints || !strcmp(mode, "once") || !strcmp(mode, "traces")) /* alone, and undisturbed */
		inheritable = count_inheritable();
	if (!strcmp(mode, "once") || prints)
		say("code %d\n", once());
	else if (!strcmp(mode, "starved"))
		starved();
	else if (!strcmp(mode, "traces"))
		traces();
	else if (!strcmp(mode, "reload") && argc > 7)
		reload(1, atol(argv[7]));
	else if (!strcmp(mode, "threads") && argc > 8)
		reload(atoi(argv[7]), atol(argv[8]));
	else if (!strcmp(mode, "faults") && argc > 8)
		faults(argv[7], atoi(argv[8]));
	else
		return 95;
	return 0;
}
