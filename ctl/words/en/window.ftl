### The Setup window.

window-title = Two-factor authentication
window-page-main = Main
window-page-limits = Limits and enrolment
window-page-users = Users

note-saved = Saved, and taken over.
note-nothing-to-save = Nothing was changed, so there is nothing to save.
note-undone = Taken back: { $what }
note-redone = Done again: { $what }
note-nothing-undone = There is nothing to take back.
note-nothing-redone = There is nothing to do again.
untested-words = without a test

window-unsaved = not saved
window-too-small = Too small: make it 60 × 16 or larger.
health-asking = asking configd …
health-well = configd: running
health-unhealthy = ! configd: unhealthy ({ $count })
health-lost = ! configd does not answer

key-next = next
key-page = page
key-save = save
key-eye = eye
key-test = test
key-undo = undo
key-help = help
key-exit = exit

choice-yes = yes
choice-no = no
choice-default = default
choice-no-provider = none
choice-policy-required-disabled = disabled: nobody is asked
choice-policy-required-optional = optional: by user
choice-policy-required-mandatory = mandatory: everybody
choice-email-tls-implicit = implicit
choice-email-tls-starttls = STARTTLS
choice-email-tls-none = off
choice-policy-enrolment-administrator = administrator
choice-policy-enrolment-invited = by invitation
choice-policy-enrolment-at-login = at a login
unit-seconds = seconds
unit-minutes = minutes
unit-hours = hours
unit-days = days
unit-second = second
unit-minute = minute
unit-hour = hour
unit-day = day
unit- = ?
secret-kept = (kept, encrypted)
secret-plain = (plain text until saved)
secret-none = (none)
provider-own = your own
provider-unproven = unproven
list-filter = Filter:
list-nothing = nothing fits

title-help = Help
title-unsaved = Not saved
title-untested = Not tried
title-conflict = Changed by somebody else
title-diff = Saved
title-problems = How configd is
problems-none = configd answers, and has nothing to complain of.
problems-more = `pam-2fa doctor` says how to mend it.
problems-lost = Logins that need a code are denied for as long as it does not answer. Settings can be saved all the same: they are in force once it runs again (systemctl start pam-2fa-configd).
keys-any = Enter: close
keys-list = type to filter   Enter: choose   Esc: back
keys-unsaved = s: save   d: discard   Esc: back
keys-send = Enter: send   Esc: back
keys-talk = Esc: do not wait
keys-untested = Enter: save   Esc: back
keys-conflict = m: mine   t: theirs   Esc: back
ask-unsaved = There are changes that are not saved. Save them before you leave?
ask-address = The address that gets the test message:
ask-number = The number that gets the test message, as +15550100:
ask-untested = No test has passed with what stands here ({ $ways }), so nobody knows whether codes arrive, and who needs one is denied where they do not. Press F5 and try it. To save it all the same, type:
ask-no-way = There is neither a mail server nor a provider of text messages, so a code can come from an app alone, and who has none is denied. To save it all the same, type:
ask-conflict = While this window was open, somebody has saved the same settings otherwise:
conflict-line = { $key }: here { $ours }, there { $theirs }
talk-goes-on = …
talk-accepted = Accepted for { $to }: { $said }
talk-failed = Not sent: { $why }
tried-goes-on = under way …
tried-well = accepted, as shown here
tried-failed = ! failed, as shown here
warn-tls-off = off: the password and every code can be read on the way
help-keys =
    Tab, ↓      next field            Shift-Tab, ↑   the one before
    PgDn, ^N    next page             PgUp, ^P       the one before
    ← → Space   another choice        Enter          list, button, next
    F2, ^S      save                  F10, ^Q        exit
    F3, ^R      show a secret         F5, ^T         send a test
    F1, ^G      this help             F4, ^D         how configd is
    ^Z          take back             ^Y             do again
    ^W          delete a word         ^U             delete the line
    Delete      the default again; of an empty secret: take it out
    A number with s, m, h or d is a duration. Empty: the default.

saved-sealed = Encrypted: { $keys }
saved-theirs = Somebody else has meanwhile changed: { $keys }
saved-later = Not yet taken over: { $why }

eye-show = [F3: show]
eye-hide = [F3: hide]
unit-never = : always asked
heading-backups = backups in config.toml: { $count }
account-choice = one of: { $names }
account-pattern = not as the provider has it
account-missing = needed
note-saving = Saving …
note-saved-later = Saved; it counts once configd runs.
note-how-to-exit = F10 or ^Q leaves the window.
note-no-field = { $why }; mend it with `pam-2fa config edit`
title-weaker = Fewer are asked for a code
ask-weaker = Until now: { $was }. From now on: { $is }. Whoever has a password or a key is let in without a code then. Is that meant?
keys-weaker = y: save   Esc: back
keys-exit = Enter: leave
warn-kept = ! The kept secret goes there with it, where it was not sent before; the log has that you sent it.
choice-policy-profile-standard = none
choice-policy-profile-nist-aal2 = NIST AAL2
choice-policy-profile-pci-dss = PCI DSS
choice-codes-prompt-detailed = detailed
choice-codes-prompt-constant = always the same
choice-trust-ssh-identity-key = key and network
choice-trust-ssh-identity-address = address only
choice-trust-web-identity-none = never
choice-trust-web-identity-address = address only
choice-codes-language-en = English
choice-codes-language-de = Deutsch
choice-codes-language-fr = Français
choice-codes-language-es = Español
choice-codes-language-ja = 日本語
conflict-typed = what you have typed
conflict-theirs = another secret
secret-in-one = (in one text: config edit)
list-more = … { $count } more
note-has-backups = Its backups would go with it: take them out first, with `pam-2fa config edit`.
note-not-sent = Nothing was sent: this has to be mended first.
help-users =
    Letters     filter the list       Enter          open, make a record
    F5, ^R      read again            Esc            back, main page
    PgDn, PgUp  a page of the list    Tab            the next page
    F4, ^D      how configd is        F10, ^Q        exit
    With a user open: the letters before each line, c i u d x, r and R
    of a device do what stands beside them. What takes something away asks.
