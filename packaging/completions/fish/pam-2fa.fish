# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_pam_2fa_global_optspecs
    string join \n runtime-dir= config= json h/help V/version
end

function __fish_pam_2fa_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_pam_2fa_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_pam_2fa_using_subcommand
    set -l cmd (__fish_pam_2fa_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c pam-2fa -n "__fish_pam_2fa_needs_command" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_needs_command" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_needs_command" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_needs_command" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_needs_command" -s V -l version -d 'Print version'
complete -c pam-2fa -n "__fish_pam_2fa_needs_command" -f -a "user" -d 'Who is asked, and where their codes go'
complete -c pam-2fa -n "__fish_pam_2fa_needs_command" -f -a "device" -d 'Devices that are remembered, so that no code is asked for'
complete -c pam-2fa -n "__fish_pam_2fa_needs_command" -f -a "test" -d 'Send a real message now, and show each step'
complete -c pam-2fa -n "__fish_pam_2fa_needs_command" -f -a "setup" -d 'The Setup window, full screen: settings, tests, users'
complete -c pam-2fa -n "__fish_pam_2fa_needs_command" -f -a "provider" -d 'Providers of text messages, and the files that describe them'
complete -c pam-2fa -n "__fish_pam_2fa_needs_command" -f -a "config" -d 'The settings'
complete -c pam-2fa -n "__fish_pam_2fa_needs_command" -f -a "secret" -d 'A secret of the settings: put another one there, or look at it'
complete -c pam-2fa -n "__fish_pam_2fa_needs_command" -f -a "explain" -d 'What would be decided of a login, and why; sends nothing'
complete -c pam-2fa -n "__fish_pam_2fa_needs_command" -f -a "status" -d 'What is on, what is unhealthy, since when; for root, and for members of the group pam-2fa-status without names and addresses'
complete -c pam-2fa -n "__fish_pam_2fa_needs_command" -f -a "doctor" -d 'What lets somebody by without a code, or keeps out who should get in, and the command that mends it; changes nothing. Ends with 1 where something is broken'
complete -c pam-2fa -n "__fish_pam_2fa_needs_command" -f -a "enable" -d 'Let services ask for a code: our line in their stacks, where it is sound, with a receipt'
complete -c pam-2fa -n "__fish_pam_2fa_needs_command" -f -a "confirm" -d 'Keep what `enable --confirm-within` has changed: after a login with a code that began since'
complete -c pam-2fa -n "__fish_pam_2fa_needs_command" -f -a "disable" -d 'Take our line out again: the file as it was, byte for byte, where nobody has edited it since'
complete -c pam-2fa -n "__fish_pam_2fa_needs_command" -f -a "clock" -d 'The latest time that was seen, which no decision goes back behind'
complete -c pam-2fa -n "__fish_pam_2fa_needs_command" -f -a "key" -d 'The key that everything is sealed by'
complete -c pam-2fa -n "__fish_pam_2fa_needs_command" -f -a "break-glass" -d 'One-time codes for a console of this host, for the day when no code can be checked'
complete -c pam-2fa -n "__fish_pam_2fa_needs_command" -f -a "backup" -d 'Write store and settings into one file under a passphrase'
complete -c pam-2fa -n "__fish_pam_2fa_needs_command" -f -a "restore" -d 'Put a backup back; or, without FILE, take the store as it is, where configd is sealed because that is an older copy'
complete -c pam-2fa -n "__fish_pam_2fa_needs_command" -f -a "log" -d 'What was decided about logins, and why'
complete -c pam-2fa -n "__fish_pam_2fa_needs_command" -f -a "me" -d 'Your own second factor: what there is, and how to change it'
complete -c pam-2fa -n "__fish_pam_2fa_needs_command" -f -a "exempt" -d 'Let automation in by key alone: one user, from one network, until a day'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and not __fish_seen_subcommand_from list show set invite grant unlock disable reset verify import export" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and not __fish_seen_subcommand_from list show set invite grant unlock disable reset verify import export" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and not __fish_seen_subcommand_from list show set invite grant unlock disable reset verify import export" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and not __fish_seen_subcommand_from list show set invite grant unlock disable reset verify import export" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and not __fish_seen_subcommand_from list show set invite grant unlock disable reset verify import export" -f -a "list" -d 'All users with a record'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and not __fish_seen_subcommand_from list show set invite grant unlock disable reset verify import export" -f -a "show" -d 'One user\'s record'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and not __fish_seen_subcommand_from list show set invite grant unlock disable reset verify import export" -f -a "set" -d 'Change a user\'s record, or make one'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and not __fish_seen_subcommand_from list show set invite grant unlock disable reset verify import export" -f -a "invite" -d 'Make a one-time code with which a user who has no method enrols the first; it is shown once, and good for 7 days'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and not __fish_seen_subcommand_from list show set invite grant unlock disable reset verify import export" -f -a "grant" -d 'Make a one-time code that lets a user in once, in the place of a code; it is shown once'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and not __fish_seen_subcommand_from list show set invite grant unlock disable reset verify import export" -f -a "unlock" -d 'Forget a user\'s wrong codes, so that the next one is heard at once, and let in again whom `disable` shut out'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and not __fish_seen_subcommand_from list show set invite grant unlock disable reset verify import export" -f -a "disable" -d 'Shut a user out until `unlock`: no code lets in, and no device is trusted any more'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and not __fish_seen_subcommand_from list show set invite grant unlock disable reset verify import export" -f -a "reset" -d 'Take a user\'s addresses, app, recovery codes, devices and one-time codes away; `verify` and the language stay'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and not __fish_seen_subcommand_from list show set invite grant unlock disable reset verify import export" -f -a "verify" -d 'Send a code to a user\'s address, and take it back from who read it there'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and not __fish_seen_subcommand_from list show set invite grant unlock disable reset verify import export" -f -a "import" -d 'Make or change many records by a CSV file'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and not __fish_seen_subcommand_from list show set invite grant unlock disable reset verify import export" -f -a "export" -d 'Write all records as CSV, as `import` reads them'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from list" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from list" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from list" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from show" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from show" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from show" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from set" -l verify -d 'When the user is asked for a code' -r -f -a "never\t'Not asked'
new-device\t'Asked where the device is not remembered'
always\t'Asked at every login'"
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from set" -l email -d 'The address for codes; "" takes it away' -r
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from set" -l phone -d 'The number for codes, as +15550100; "" takes it away' -r
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from set" -l language -d 'The language of messages: en, de, fr, es or ja; "" is the settings\' again' -r
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from set" -l prefer -d 'The method that is asked for first; the user must have it' -r -f -a "email\t'A code by email'
sms\t'A code by text message'
app\t'A code of the authenticator app'
none\t'None before the others'"
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from set" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from set" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from set" -l trusted -d 'Take the address as verified without a code; the log says so'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from set" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from invite" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from invite" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from invite" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from invite" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from grant" -l for -d 'For how long, 1 minute to 7 days: 2h, "3 days"' -r
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from grant" -l from -d 'From this address or network alone, as 192.0.2.7 or 192.0.2.0/24' -r
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from grant" -l service -d 'For this PAM service alone, as sshd' -r
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from grant" -l reason -d 'Why; whoever reads the log wants to know' -r
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from grant" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from grant" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from grant" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from grant" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from unlock" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from unlock" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from unlock" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from unlock" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from disable" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from disable" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from disable" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from disable" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from reset" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from reset" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from reset" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from reset" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from verify" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from verify" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from verify" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from import" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from import" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from import" -l dry-run -d 'Write nothing, and say what would be wrong or changed'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from import" -l trusted -d 'Take the addresses as verified without a code; the log says so'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from import" -l skip-unknown -d 'Leave out rows of users whom this host does not know, instead of refusing the file: for one file on many hosts'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from import" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from export" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from export" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from export" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand user; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand device; and not __fish_seen_subcommand_from list revoke" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand device; and not __fish_seen_subcommand_from list revoke" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand device; and not __fish_seen_subcommand_from list revoke" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand device; and not __fish_seen_subcommand_from list revoke" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand device; and not __fish_seen_subcommand_from list revoke" -f -a "list" -d 'What is remembered: known by what, used when and from where, until when or why no longer'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand device; and not __fish_seen_subcommand_from list revoke" -f -a "revoke" -d 'Forget devices: a code is asked for at their next login'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand device; and __fish_seen_subcommand_from list" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand device; and __fish_seen_subcommand_from list" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand device; and __fish_seen_subcommand_from list" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand device; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand device; and __fish_seen_subcommand_from revoke" -l user -d 'All of this login name' -r
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand device; and __fish_seen_subcommand_from revoke" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand device; and __fish_seen_subcommand_from revoke" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand device; and __fish_seen_subcommand_from revoke" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand device; and __fish_seen_subcommand_from revoke" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand test; and not __fish_seen_subcommand_from email sms" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand test; and not __fish_seen_subcommand_from email sms" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand test; and not __fish_seen_subcommand_from email sms" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand test; and not __fish_seen_subcommand_from email sms" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand test; and not __fish_seen_subcommand_from email sms" -f -a "email" -d 'Send an email'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand test; and not __fish_seen_subcommand_from email sms" -f -a "sms" -d 'Send a text message; it counts as any other, and its code opens nothing'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand test; and __fish_seen_subcommand_from email" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand test; and __fish_seen_subcommand_from email" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand test; and __fish_seen_subcommand_from email" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand test; and __fish_seen_subcommand_from email" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand test; and __fish_seen_subcommand_from sms" -l by -d 'Ask this provider alone: "sms", or the name of a backup in the settings' -r
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand test; and __fish_seen_subcommand_from sms" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand test; and __fish_seen_subcommand_from sms" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand test; and __fish_seen_subcommand_from sms" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand test; and __fish_seen_subcommand_from sms" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand setup" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand setup" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand setup" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand setup" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand provider; and not __fish_seen_subcommand_from list show check" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand provider; and not __fish_seen_subcommand_from list show check" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand provider; and not __fish_seen_subcommand_from list show check" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand provider; and not __fish_seen_subcommand_from list show check" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand provider; and not __fish_seen_subcommand_from list show check" -f -a "list" -d 'Which there are, whose they are, and which is in use'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand provider; and not __fish_seen_subcommand_from list show check" -f -a "show" -d 'What an account of one consists of, and where it is described'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand provider; and not __fish_seen_subcommand_from list show check" -f -a "check" -d 'List every error of a file; needs neither root nor the daemon'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand provider; and __fish_seen_subcommand_from list" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand provider; and __fish_seen_subcommand_from list" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand provider; and __fish_seen_subcommand_from list" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand provider; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand provider; and __fish_seen_subcommand_from show" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand provider; and __fish_seen_subcommand_from show" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand provider; and __fish_seen_subcommand_from show" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand provider; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand provider; and __fish_seen_subcommand_from check" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand provider; and __fish_seen_subcommand_from check" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand provider; and __fish_seen_subcommand_from check" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand provider; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand config; and not __fish_seen_subcommand_from check show set edit seal reload" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand config; and not __fish_seen_subcommand_from check show set edit seal reload" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand config; and not __fish_seen_subcommand_from check show set edit seal reload" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand config; and not __fish_seen_subcommand_from check show set edit seal reload" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand config; and not __fish_seen_subcommand_from check show set edit seal reload" -f -a "check" -d 'List every error of the settings; needs neither root nor the daemon'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand config; and not __fish_seen_subcommand_from check show set edit seal reload" -f -a "show" -d 'What counts by the file, each key with its value and whether that is the default; no secret'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand config; and not __fish_seen_subcommand_from check show set edit seal reload" -f -a "set" -d 'Change settings in their places, check the whole, and take it over; secrets are for `secret set`'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand config; and not __fish_seen_subcommand_from check show set edit seal reload" -f -a "edit" -d 'Change the settings in an editor ($SUDO_EDITOR, $VISUAL, $EDITOR); what is wrong is not installed, and secrets are sealed'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand config; and not __fish_seen_subcommand_from check show set edit seal reload" -f -a "seal" -d 'Replace every secret in plain text by a sealed one'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand config; and not __fish_seen_subcommand_from check show set edit seal reload" -f -a "reload" -d 'Take the settings over'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand config; and __fish_seen_subcommand_from check" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand config; and __fish_seen_subcommand_from check" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand config; and __fish_seen_subcommand_from check" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand config; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand config; and __fish_seen_subcommand_from show" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand config; and __fish_seen_subcommand_from show" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand config; and __fish_seen_subcommand_from show" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand config; and __fish_seen_subcommand_from set" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand config; and __fish_seen_subcommand_from set" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand config; and __fish_seen_subcommand_from set" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand config; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand config; and __fish_seen_subcommand_from edit" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand config; and __fish_seen_subcommand_from edit" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand config; and __fish_seen_subcommand_from edit" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand config; and __fish_seen_subcommand_from edit" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand config; and __fish_seen_subcommand_from seal" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand config; and __fish_seen_subcommand_from seal" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand config; and __fish_seen_subcommand_from seal" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand config; and __fish_seen_subcommand_from seal" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand config; and __fish_seen_subcommand_from reload" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand config; and __fish_seen_subcommand_from reload" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand config; and __fish_seen_subcommand_from reload" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand config; and __fish_seen_subcommand_from reload" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand secret; and not __fish_seen_subcommand_from set show" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand secret; and not __fish_seen_subcommand_from set show" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand secret; and not __fish_seen_subcommand_from set show" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand secret; and not __fish_seen_subcommand_from set show" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand secret; and not __fish_seen_subcommand_from set show" -f -a "set" -d 'Seal a secret, put it in its place, and take it over; it is asked for unseen, or is the first line of standard input'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand secret; and not __fish_seen_subcommand_from set show" -f -a "show" -d 'Show one at a terminal; the log has who looked'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand secret; and __fish_seen_subcommand_from set" -l file -d 'It is the first line of this file (-: of standard input)' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand secret; and __fish_seen_subcommand_from set" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand secret; and __fish_seen_subcommand_from set" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand secret; and __fish_seen_subcommand_from set" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand secret; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand secret; and __fish_seen_subcommand_from show" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand secret; and __fish_seen_subcommand_from show" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand secret; and __fish_seen_subcommand_from show" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand secret; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand explain" -l service -d 'The PAM service, as sshd' -r
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand explain" -l from -d 'The address that it comes from; none: as a host program that states none' -r
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand explain" -l key -d 'The public key (*.pub) or certificate that ssh would bring' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand explain" -l tty -d 'The terminal, as tty1 or pts/0' -r
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand explain" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand explain" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand explain" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand explain" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand status" -l textfile -d 'Write it so into this file, whole or not at all: for node_exporter\'s textfile collector' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand status" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand status" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand status" -l check -d 'Exit with status 1 where something is unhealthy'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand status" -l metrics -d 'Print it as Prometheus reads it'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand status" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand status" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand doctor" -l sshd-config -d 'sshd\'s main file' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand doctor" -l root -d 'The files below this folder, as an image that is mounted there; nothing is asked then' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand doctor" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand doctor" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand doctor" -l facts -d 'Show what this host said when it was asked, in JSON, and judge nothing: for somebody else who is to look at it'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand doctor" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand doctor" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand enable" -l sshd-config -d 'sshd\'s main file; the drop-in goes to the folder FILE.d, which it must include' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand enable" -l confirm-within -d 'Take it all out again unless `pam-2fa confirm` comes in time, also after a reboot: 10m, 2h' -r
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand enable" -l root -d 'The host below this folder, as an image that is mounted there' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand enable" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand enable" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand enable" -l all -d 'Every service that takes the host\'s common lines in, by pam-auth-update or authselect'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand enable" -l decoy -d 'A wrong password is shown the same prompts; the auth lines that the service takes in are written into its own file'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand enable" -l key-proven -d 'sshd alone: a key that it has checked stands for the password; the auth lines are written into its own file, too'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand enable" -l sshd -d 'Let sshd ask, too: a drop-in beside its main file, tried on sshd before it stands, and sshd told'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand enable" -l without-root-key -d 'Also where root gets in by key now and would not any more'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand enable" -l without-timer -d 'No timer of systemd\'s for it: cron or another program runs `pam-2fa disable --unconfirmed` every minute'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand enable" -l dry-run -d 'Show what would be changed, and whether it would be refused; change nothing'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand enable" -l without-users -d 'Also where no user could answer'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand enable" -l untested -d 'Also where no message was ever sent'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand enable" -l without-break-glass -d 'Also where no break-glass code lets anybody in at the console'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand enable" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand enable" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand confirm" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand confirm" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand confirm" -l all -d 'What `enable --all` has changed'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand confirm" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand confirm" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand disable" -l sshd-config -d 'sshd\'s main file, as it was enabled' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand disable" -l root -d 'The host below this folder, as an image that is mounted there' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand disable" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand disable" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand disable" -l all -d 'What `enable --all` has changed'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand disable" -l unconfirmed -d 'Those that were to be confirmed by now, and were not; what the timer runs'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand disable" -l everything -d 'Everything that `enable` and `exempt` have written on this host, and lines of ours of any other hand: before the module goes. Fails where a file still names it'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand disable" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand disable" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand clock; and not __fish_seen_subcommand_from status reset" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand clock; and not __fish_seen_subcommand_from status reset" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand clock; and not __fish_seen_subcommand_from status reset" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand clock; and not __fish_seen_subcommand_from status reset" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand clock; and not __fish_seen_subcommand_from status reset" -f -a "status" -d 'The clock, the latest time that was seen before, and how far they are apart'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand clock; and not __fish_seen_subcommand_from status reset" -f -a "reset" -d 'Where that time was wrong and lies ahead: set it back, and end devices and one-time codes that were given after the clock\'s'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand clock; and __fish_seen_subcommand_from status" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand clock; and __fish_seen_subcommand_from status" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand clock; and __fish_seen_subcommand_from status" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand clock; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand clock; and __fish_seen_subcommand_from reset" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand clock; and __fish_seen_subcommand_from reset" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand clock; and __fish_seen_subcommand_from reset" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand clock; and __fish_seen_subcommand_from reset" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and not __fish_seen_subcommand_from status rotate export import to-credential to-file" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and not __fish_seen_subcommand_from status rotate export import to-credential to-file" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and not __fish_seen_subcommand_from status rotate export import to-credential to-file" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and not __fish_seen_subcommand_from status rotate export import to-credential to-file" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and not __fish_seen_subcommand_from status rotate export import to-credential to-file" -f -a "status" -d 'Which key it is, where it is, and whether a rotation is to be finished'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and not __fish_seen_subcommand_from status rotate export import to-credential to-file" -f -a "rotate" -d 'Put a new key in its place, and seal everything by it; a rotation that was cut off is finished'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and not __fish_seen_subcommand_from status rotate export import to-credential to-file" -f -a "export" -d 'Write a copy of the key under a passphrase, for the day when the key is lost'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and not __fish_seen_subcommand_from status rotate export import to-credential to-file" -f -a "import" -d 'Put a copy back where the key is lost, damaged or another one'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and not __fish_seen_subcommand_from status rotate export import to-credential to-file" -f -a "to-credential" -d 'Lock the key to this host by a systemd credential, and take its file away; a copy is made first. Run again, it goes on where it was cut off, or locks the key by another way'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and not __fish_seen_subcommand_from status rotate export import to-credential to-file" -f -a "to-file" -d 'Put the key from the credential back into its file, and take the credential away'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and __fish_seen_subcommand_from status" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and __fish_seen_subcommand_from status" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and __fish_seen_subcommand_from status" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and __fish_seen_subcommand_from rotate" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and __fish_seen_subcommand_from rotate" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and __fish_seen_subcommand_from rotate" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and __fish_seen_subcommand_from rotate" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and __fish_seen_subcommand_from export" -l passphrase-file -d 'The passphrase is the first line of this file (-: of standard input); else it is asked for' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and __fish_seen_subcommand_from export" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and __fish_seen_subcommand_from export" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and __fish_seen_subcommand_from export" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and __fish_seen_subcommand_from import" -l passphrase-file -d 'The passphrase is the first line of this file (-: of standard input); else it is asked for' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and __fish_seen_subcommand_from import" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and __fish_seen_subcommand_from import" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and __fish_seen_subcommand_from import" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and __fish_seen_subcommand_from to-credential" -l with -d 'What it is locked by. The host\'s own key lies on the same disk; a TPM2 does not, and opens it on this host alone. Nothing that is measured when the host starts is part of it, so new firmware and another kernel change nothing' -r -f -a "host\t'The key of this host, /var/lib/systemd/credential.secret'
tpm2\t'The TPM2 of this host'
host+tpm2\t'Both'"
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and __fish_seen_subcommand_from to-credential" -l export -d 'Write a copy of the key under a passphrase first, for the day when the credential does not open; one that is there already must be of this key' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and __fish_seen_subcommand_from to-credential" -l passphrase-file -d 'The passphrase is the first line of this file (-: of standard input); else it is asked for' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and __fish_seen_subcommand_from to-credential" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and __fish_seen_subcommand_from to-credential" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and __fish_seen_subcommand_from to-credential" -l exported -d 'A copy of this key is kept elsewhere already'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and __fish_seen_subcommand_from to-credential" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and __fish_seen_subcommand_from to-credential" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and __fish_seen_subcommand_from to-file" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and __fish_seen_subcommand_from to-file" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and __fish_seen_subcommand_from to-file" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand key; and __fish_seen_subcommand_from to-file" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand break-glass; and not __fish_seen_subcommand_from create list revoke" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand break-glass; and not __fish_seen_subcommand_from create list revoke" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand break-glass; and not __fish_seen_subcommand_from create list revoke" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand break-glass; and not __fish_seen_subcommand_from create list revoke" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand break-glass; and not __fish_seen_subcommand_from create list revoke" -f -a "create" -d 'Make codes; they are shown once'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand break-glass; and not __fish_seen_subcommand_from create list revoke" -f -a "list" -d 'Which there are, for whom, until when, and which were used'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand break-glass; and not __fish_seen_subcommand_from create list revoke" -f -a "revoke" -d 'Take codes back: lost ones, or all of a user\'s'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand break-glass; and __fish_seen_subcommand_from create" -l user -d 'Whom they let in; else root' -r
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand break-glass; and __fish_seen_subcommand_from create" -l for -d 'How long they are good, 400 days at most: 90d, "1 day"' -r
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand break-glass; and __fish_seen_subcommand_from create" -l reason -d 'Why; whoever reads the list or the log wants to know' -r
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand break-glass; and __fish_seen_subcommand_from create" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand break-glass; and __fish_seen_subcommand_from create" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand break-glass; and __fish_seen_subcommand_from create" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand break-glass; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand break-glass; and __fish_seen_subcommand_from list" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand break-glass; and __fish_seen_subcommand_from list" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand break-glass; and __fish_seen_subcommand_from list" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand break-glass; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand break-glass; and __fish_seen_subcommand_from revoke" -l user -d 'All of this login name' -r
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand break-glass; and __fish_seen_subcommand_from revoke" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand break-glass; and __fish_seen_subcommand_from revoke" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand break-glass; and __fish_seen_subcommand_from revoke" -l all -d 'All that there are, damaged ones too'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand break-glass; and __fish_seen_subcommand_from revoke" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand break-glass; and __fish_seen_subcommand_from revoke" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand backup" -l passphrase-file -d 'The passphrase is the first line of this file (-: of standard input); else it is asked for' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand backup" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand backup" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand backup" -l with-key -d 'The key goes with it: the backup opens on any host then'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand backup" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand backup" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand restore" -l passphrase-file -d 'The passphrase is the first line of this file (-: of standard input); else it is asked for' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand restore" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand restore" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand restore" -l accept -d 'With FILE: also where a store with users, or other settings are; they keep another name. Without: take the store as it is. Remembered devices, codes under way, one-time codes and recovery codes end, since they may have been used or ended after the copy was made'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand restore" -l keep-recovery -d 'Recovery codes stay good, also those that were used after the copy was made'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand restore" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand restore" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand log" -l user -d 'Decisions about this login name alone' -r
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand log" -l since -d 'From then on: 2h, "3 days", 2026-11-24, 2026-11-24T04:00:00Z' -r
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand log" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand log" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand log" -l follow -d 'Show new decisions as they are made; only those, without --since'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand log" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand log" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand me; and not __fish_seen_subcommand_from show enrol codes devices revoke" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand me; and not __fish_seen_subcommand_from show enrol codes devices revoke" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand me; and not __fish_seen_subcommand_from show enrol codes devices revoke" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand me; and not __fish_seen_subcommand_from show enrol codes devices revoke" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand me; and not __fish_seen_subcommand_from show enrol codes devices revoke" -f -a "show" -d 'What is known of you here'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand me; and not __fish_seen_subcommand_from show enrol codes devices revoke" -f -a "enrol" -d 'Add a way to verify, or put another in its place; a code of what you have is asked for first'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand me; and not __fish_seen_subcommand_from show enrol codes devices revoke" -f -a "codes" -d 'New recovery codes; those that you have are worth nothing then'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand me; and not __fish_seen_subcommand_from show enrol codes devices revoke" -f -a "devices" -d 'Your devices that are remembered'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand me; and not __fish_seen_subcommand_from show enrol codes devices revoke" -f -a "revoke" -d 'Forget one of your devices: a code is asked for at its next login'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand me; and __fish_seen_subcommand_from show" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand me; and __fish_seen_subcommand_from show" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand me; and __fish_seen_subcommand_from show" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand me; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand me; and __fish_seen_subcommand_from enrol" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand me; and __fish_seen_subcommand_from enrol" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand me; and __fish_seen_subcommand_from enrol" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand me; and __fish_seen_subcommand_from enrol" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand me; and __fish_seen_subcommand_from enrol" -f -a "email" -d 'Codes by email'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand me; and __fish_seen_subcommand_from enrol" -f -a "sms" -d 'Codes by text message'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand me; and __fish_seen_subcommand_from enrol" -f -a "app" -d 'Codes of an authenticator app'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand me; and __fish_seen_subcommand_from codes" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand me; and __fish_seen_subcommand_from codes" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand me; and __fish_seen_subcommand_from codes" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand me; and __fish_seen_subcommand_from codes" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand me; and __fish_seen_subcommand_from devices" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand me; and __fish_seen_subcommand_from devices" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand me; and __fish_seen_subcommand_from devices" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand me; and __fish_seen_subcommand_from devices" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand me; and __fish_seen_subcommand_from revoke" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand me; and __fish_seen_subcommand_from revoke" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand me; and __fish_seen_subcommand_from revoke" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand me; and __fish_seen_subcommand_from revoke" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand exempt; and not __fish_seen_subcommand_from add list remove expire" -l sshd -d 'The sshd to ask, where it is not at a usual place' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand exempt; and not __fish_seen_subcommand_from add list remove expire" -l sshd-config -d 'Its main file, for a second sshd; exemptions go to the folder FILE.d, which it must include' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand exempt; and not __fish_seen_subcommand_from add list remove expire" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand exempt; and not __fish_seen_subcommand_from add list remove expire" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand exempt; and not __fish_seen_subcommand_from add list remove expire" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand exempt; and not __fish_seen_subcommand_from add list remove expire" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand exempt; and not __fish_seen_subcommand_from add list remove expire" -f -a "add" -d 'Let a user in by key alone, and tell sshd'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand exempt; and not __fish_seen_subcommand_from add list remove expire" -f -a "list" -d 'Who is exempt, and whether sshd goes by it'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand exempt; and not __fish_seen_subcommand_from add list remove expire" -f -a "remove" -d 'End an exemption now, and tell sshd'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand exempt; and not __fish_seen_subcommand_from add list remove expire" -f -a "expire" -d 'Take out what is over, and tell sshd; pam-2fa-exempt.timer runs this, and the verbs above begin with it'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand exempt; and __fish_seen_subcommand_from add" -l from -d 'The network that the automation comes from, as 192.0.2.0/24 or 2001:db8::7/128' -r
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand exempt; and __fish_seen_subcommand_from add" -l until -d 'Its end, at most 400 days ahead: 2027-01-31 (to the end of that day, UTC) or 2027-01-31T18:00:00Z' -r
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand exempt; and __fish_seen_subcommand_from add" -l reason -d 'Why; whoever reads the list wants to know' -r
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand exempt; and __fish_seen_subcommand_from add" -l sshd -d 'The sshd to ask, where it is not at a usual place' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand exempt; and __fish_seen_subcommand_from add" -l sshd-config -d 'Its main file, for a second sshd; exemptions go to the folder FILE.d, which it must include' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand exempt; and __fish_seen_subcommand_from add" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand exempt; and __fish_seen_subcommand_from add" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand exempt; and __fish_seen_subcommand_from add" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand exempt; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand exempt; and __fish_seen_subcommand_from list" -l sshd -d 'The sshd to ask, where it is not at a usual place' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand exempt; and __fish_seen_subcommand_from list" -l sshd-config -d 'Its main file, for a second sshd; exemptions go to the folder FILE.d, which it must include' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand exempt; and __fish_seen_subcommand_from list" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand exempt; and __fish_seen_subcommand_from list" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand exempt; and __fish_seen_subcommand_from list" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand exempt; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand exempt; and __fish_seen_subcommand_from remove" -l sshd -d 'The sshd to ask, where it is not at a usual place' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand exempt; and __fish_seen_subcommand_from remove" -l sshd-config -d 'Its main file, for a second sshd; exemptions go to the folder FILE.d, which it must include' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand exempt; and __fish_seen_subcommand_from remove" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand exempt; and __fish_seen_subcommand_from remove" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand exempt; and __fish_seen_subcommand_from remove" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand exempt; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand exempt; and __fish_seen_subcommand_from expire" -l sshd -d 'The sshd to ask, where it is not at a usual place' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand exempt; and __fish_seen_subcommand_from expire" -l sshd-config -d 'Its main file, for a second sshd; exemptions go to the folder FILE.d, which it must include' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand exempt; and __fish_seen_subcommand_from expire" -l runtime-dir -d 'Where configd\'s sockets are' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand exempt; and __fish_seen_subcommand_from expire" -l config -d 'The settings' -r -F
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand exempt; and __fish_seen_subcommand_from expire" -l json -d 'Answer in JSON'
complete -c pam-2fa -n "__fish_pam_2fa_using_subcommand exempt; and __fish_seen_subcommand_from expire" -s h -l help -d 'Print help'
