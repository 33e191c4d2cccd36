### The Users page. What stands in a column or before a field is short: columns of the list are as wide as said there.

users-filter = Filter
users-counted = { $shown } of { $all }
users-reading = The records are being read …
users-not-read = The records were not read. F5 tries it again.
users-none = No user has a record yet. Enter makes one.
users-no-match = Nobody is called that. Enter makes a record for a user of this host.
users-legend = ↑↓ move, letters filter. ? after a method: that address is not verified yet.

# Columns, and labels of fields. In the list: 11, 16, 16 and 9 places.
users-name = Name
users-verify = Asked
users-methods = Methods
users-email = Email
users-phone = Phone
users-last = Last login (UTC)
users-state = State
users-language = Language
users-app = App
users-recovery = Recovery codes
users-prefers = Prefers
users-with = with
users-invitation = Invitation
users-grant = Grant
users-locked = Locked
users-disabled = Disabled

# Values. `verify`: 11 places, the state: 9.
users-verify-never = never
users-verify-new-device = new device
users-verify-always = always
users-verify-never-says = no code is asked for
users-verify-new-device-says = where a device is not remembered
users-verify-always-says = at every login
users-method-email = email
users-method-sms = SMS
users-method-app = app
users-verified = verified
users-unverified = not verified
users-state-locked = locked
users-state-disabled = disabled
users-language-usual = as in the settings
users-since = since { $at } UTC
users-left = { $count } left
users-login-from = { $at }, { $service } from { $from }
users-pass = { $id } until { $until } UTC

# One user.
users-title = { $user } (uid { $uid })
users-more = PgDn: { $count } more lines
users-devices = Remembered devices: { $count }   ↑↓ choose one
users-no-devices = No device is remembered.
users-reading-devices = The devices are being read …
users-device = Device
users-class = For
users-first = First used (UTC)
users-used = Last used (UTC)
users-from = From
users-until = Until (UTC)
users-about-device = { $device }; first used { $first } UTC, last from { $from }
users-about-ended = { $about }; ended: { $why }
users-ended = ended

# Keys, and what they do.
users-key-arrows = ↑↓
users-key-insert = Ins
users-letter-yes = y
users-letter-no = n
users-do-move = move
users-do-open = open
users-do-make = new record
users-do-clear = clear
users-do-main = main page
users-do-pages = pages
users-do-again = read again
users-do-device = device
users-do-revoke = revoke it
users-do-revoke-all = revoke all
users-do-back = to the list
users-do-send = verify an address
users-do-invite = invite
users-do-unlock = unlock
users-do-disable = disable
users-do-reset = reset
users-do-choose = choose
users-do-leave = back
users-do-save = save
users-do-send-again = send again
users-do-give = check the code
users-do-yes = yes, do it
users-do-no = no
users-do-handed = close: I have it

# Boxes.
users-question = Are you sure?
users-choose-verify = When { $user } is asked for a code
users-choose-address = A code for { $user }
users-address-says = A code is sent there. { $user } reads it out to you, and you type it here.
users-type = type a code
users-type-tag = the one with the tag { $tag }, by { $way }
users-edit-name = A new record
users-edit-name-says = The login name of a user of this host.
users-edit-email = Email of { $user }
users-edit-email-says = Empty takes it away. A new address gets login codes once it is verified (c).
users-edit-phone = Phone of { $user }
users-edit-phone-says = With + and the country's code, as +15550100. Empty takes it away. A new number gets login codes once it is verified (c).
users-edit-language = Language of { $user }
users-edit-language-says = Of messages to { $user }: { $all }. Empty: as in the settings.
users-code-email = Verify the email address of { $user }
users-code-phone = Verify the phone number of { $user }
users-code-sending = A code is being sent …
users-code-not-sent = The code was not sent.
users-code-email-says = An email with the tag { $tag } is on its way. Type the code that { $user } reads out of it.
users-code-phone-says = A text message with the tag { $tag } is on its way. Type the code that { $user } reads out of it.
users-code = Code
users-invitation-of = Invitation of { $user }
users-invitation-says = Whoever has it enrols a first method, once. It is not shown again: hand it over yourself, to { $user } and nobody else.
users-invitation-until = Good until { $until } UTC; in the log it is { $id }.

# Questions: who, and what goes.
users-ask-email = Take the email address of { $user } away? No code goes there any more.
users-ask-phone = Take the phone number of { $user } away? No code goes there any more.
users-ask-invite = { $user } has an open invitation. Make a new one? The code of the earlier one is void then.
users-ask-let-in = { $user } is disabled. Unlock { $user }? Wrong codes are forgotten, too.
users-ask-disable = Disable { $user }? No code and no device lets { $user } in until you unlock. Sessions that are open stay open.
users-ask-reset = Reset { $user }? Email address, phone number, app, recovery codes, one-time codes and remembered devices go. The language stays, and when { $user } is asked.
users-ask-revoke = Revoke this device of { $user }? { $class }, { $device }: a code is asked for there again.
users-ask-revoke-all = Revoke all { $count } devices of { $user }? A code is asked for on each of them again.
users-ask-any = Do this to { $user }?

# What was done.
users-working = Waiting for configd …
users-wait = configd has not answered yet; wait for it.
users-wrong = Error: { $why }
users-lost = configd does not answer, so this may not have been done. F4 says what to do; then look here again.
users-found = configd answers again, and this page was read anew. Look whether it was done.
users-gone = { $user } is not in this list any more. Choose with ↑↓.
users-another = { $user } is another user now: uid { $is }, and not { $was }. Look again before you change anything.
users-nobody-under = Nobody is chosen any more. Choose with ↑↓.
users-no-address = There is neither an email address nor a phone number to send a code to.
users-no-device = There is no device to revoke.
users-no-device-under = That device is not remembered any more. Choose with ↑↓.
users-is-out = This user is disabled already; u unlocks.
users-done-made = { $user } has a record now.
users-done-verify = { $user } is asked: { $value }.
users-done-email = The email address of { $user } is { $value } now.
users-done-no-email = { $user } has no email address any more.
users-done-phone = The phone number of { $user } is { $value } now.
users-done-no-phone = { $user } has no phone number any more.
users-done-language = Messages to { $user } are in { $value } now.
users-done-no-language = The language of { $user } is that of the settings.
users-done-invited = { $user } has an invitation.
users-done-unlocked = { $user } is unlocked: wrong codes are forgotten.
users-done-let-in = { $user } is unlocked and may log in again; wrong codes are forgotten.
users-done-disabled = { $user } is disabled.
users-done-reset = { $user } is reset, and may be invited.
users-done-revoked = Revoked for { $user }: { $device }
users-done-revoked-all = All devices of { $user } are revoked.
users-done-sent-email = An email with a code is on its way to { $user }; press c to type it.
users-done-sent-sms = A text message with a code is on its way to { $user }; press c to type it.
users-done-email-verified = The email address of { $user } is verified.
users-done-phone-verified = The phone number of { $user } is verified.
