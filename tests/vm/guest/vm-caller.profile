# For tests/vm/guest/caller: a program that calls PAM, by our abstraction and the distribution's.
abi <abi/3.0>,
include <tunables/global>
profile vm-caller {
  include <abstractions/base>
  include <abstractions/authentication>
  include <abstractions/nameservice>
  include <abstractions/pam-2fa>
  # libpam tells the audit log.
  capability audit_write,
  # Itself: Python, and the mails that it reads.
  /usr/lib/python3/** r,
  /usr/lib/python3.*/** mr,
  /usr/local/lib/python3*/** r,
  /etc/python3*/** r,
  /var/lib/vm-mail/{,*} r,
}
