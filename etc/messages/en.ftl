# What a person reads, English. Fluent (projectfluent.org); a message per text, no markup.
# {$to} an address, masked. {$tag} two characters that stand in the message too. {$left}, {$ago}, {$wait} a span of time.
# A prompt is followed by one space, which Fluent would cut off. The other languages have the same messages with the same values;
# letters in quotes, as 'r', are what is typed, and the same in all of them.
#
# To change single texts, put a file of the same name with just these messages into /etc/pam-2fa/messages/ (root:pam-2fa 0640), then
# `pam-2fa config reload`. What cannot be used is named there and by `pam-2fa status`, and the text of this file stays.

time-seconds = { $n } s
time-minutes = { $n } min
time-hours = { $n } h

# {$way} is how a code goes: email or sms. A prompt about a message is one of these, a space, and ask-code.
prompt-sent = Code sent by { $way ->
    [sms] text message
   *[email] email
} to { $to } ({ $tag }), valid { $left }.
prompt-adopted = Code sent by { $way ->
    [sms] text message
   *[email] email
} to { $to } { $ago } ago ({ $tag }), valid { $left }.
prompt-resent = Code sent again by { $way ->
    [sms] text message
   *[email] email
} to { $to } ({ $tag }), valid { $left }.
prompt-not-sent = The code could not be sent to { $to } ({ $tag }).
prompt-withheld = No more codes can be sent for { $wait }. If you have one, type it.
# {$keys}: what else may be typed: the key-… in a row.
ask-code = Code{ $keys }:
key-resend = , 'r' to resend
key-again = , 'r' to try again
key-email = , 'e' for email
key-sms = , 's' for SMS
key-app = , 'a' for the app
key-recovery = , or a recovery code
choice-email = { $n }) email { $to }
choice-sms = { $n }) SMS { $to }
choice-app = { $n }) app
prompt-choose = Choose [1]:
# Before anything is sent: who may not log in is sent nothing.
prompt-letter = Type '{ $way ->
    [sms] s
   *[email] e
}' for a code by { $way ->
    [sms] text message
   *[email] email
} to { $to }:
prompt-name = Choose by number:
prompt-app = Code from your authenticator app{ $keys }:
prompt-app-form = A code of the app has { $digits } digits. Code:
prompt-saved = Recovery code, or a code from your administrator:
# Said before the prompt of the next way.
note-not-sent = The code could not be sent by { $way ->
    [sms] text message
   *[email] email
} to { $to }.
note-withheld = No more codes can be sent for { $wait }.
recovery-left =
    { $left ->
        [0] That was your last recovery code. Make new ones with: pam-2fa me codes
        [one] 1 recovery code is left. Make new ones with: pam-2fa me codes
       *[other] { $left } recovery codes are left.
    }
prompt-resend-later = Another message can be sent in { $wait }. Code ({ $tag }):
prompt-form = A code has { $digits } digits. Code ({ $tag }):
prompt-wrong =
    { $left ->
        [one] Wrong code, 1 try left. Code:
       *[other] Wrong code, { $left } tries left. Code:
    }
prompt-constant = If the password was right, a code was sent ({ $tag }). Code:
# The answers to it that mean yes, in small letters, with spaces between them. All others mean no.
prompt-trust = Trust this device for { $span }? [y/N]
answer-yes = y yes

denied-tries = Too many wrong codes. Try again in { $wait }.
denied-disabled = Too many wrong codes. Ask your administrator to unlock your codes.
denied-expired = This code has expired. Log in again for a new one.
denied-used = This code has been used. Log in again for a new one.
denied-prompts = Too many answers. Log in again.
denied-no-method = A code is needed here, and there is no verified address for you. Ask your administrator.
denied-shut-out = Your account is shut out here. Ask your administrator.
denied-another = Your account does not match its record. Ask your administrator.
denied-no-channel = A code is needed here, and this host cannot send one. Ask your administrator.
denied-unavailable = The code cannot be checked now. Try again later.
denied-in-use = This address belongs to another user here, and nothing was changed. Ask your administrator.
denied-not-invited = A second factor is needed here, and you have none. Ask your administrator for an invitation code.
denied-not-allowed = Nothing was changed: the invitation is over, or something else was enrolled meanwhile. Begin again.
denied-nothing-yours = There is nothing of yours to change. Ask your administrator for an invitation code.
denied-no-device = There is no such device of yours. See the list: pam-2fa me devices
grace-until = From { $date } on a code is needed here; ask your administrator to register an address for you.
reference = Ref { $reference }
# Behind a denial that is shown as a prompt, since OpenSSH before 10.3 and Cockpit show nothing else.
denied-enter = Press Enter:

# To enrol a first method at a login, or a further one with pam-2fa me.
enrol-begin = A second factor is needed here, and you have none yet.
enrol-invitation = Invitation code from your administrator:
# {$can}: where codes can be sent from here, email, sms or both. {$keys}: enrol-known, enrol-app, or nothing.
enrol-address = { $can ->
    [both] Email address, or phone number as +15550100
    [sms] Phone number as +15550100
   *[email] Email address
}{ $keys }:
enrol-known = , Enter for { $to }
enrol-app = , 'a' for an app
enrol-address-wrong = That is no email address and no phone number as +15550100.
enrol-no-channel = This host cannot send codes there.
enrol-offer-app = Add an authenticator app, too? [y/N]
enrol-scan = Scan this with your authenticator app, or type the key below into it.
# Before the key of an app, in letters.
enrol-type = Key for the app:
enrol-app-code = Code from the app:
enrol-app-code-or-not = Code from the app, or Enter to go on without it:
enrol-wrong = That code is wrong.
enrol-codes = Your recovery codes. Each lets you in once when nothing else is at hand. Keep them apart from your phone:
enrol-kept = Press Enter when you have kept them:
enrol-done = You are enrolled.
own-done = Done.
own-revoked = The device is forgotten.

place-remote = { $service } from { $from }
place-tty = { $service } on { $tty }
place-here = { $service }
place-as = { $place }, to become { $user }
# A program that runs as the user: nothing it says of itself is believed.
place-own = A program of yours on this host

mail-subject = { $application } login code ({ $tag }) for { $host }
mail-text = { $code } is your { $application } login code ({ $tag }) for { $host }. { $place }. It expires in { $left }. If this is not you, change your password.
mail-text-again = { $code } is your { $application } login code ({ $tag }) for { $host }, sent again at your request. { $place }. It expires in { $left }. If this is not you, change your password.

# A text message is cut to one segment (160 characters of GSM-7, 70 of UCS-2) by shortening the host, then the application. What is
# not in GSM-7 is written without its accent.
sms-text = { $code } is your { $application } login code ({ $tag }) for { $host }. It expires in { $left }. Never share it.
sms-text-again = { $code } is your { $application } login code ({ $tag }) for { $host }, sent again. It expires in { $left }. Never share it.
sms-text-enrol = { $code } is the code ({ $tag }) that confirms this number for { $application } on { $host }. It expires in { $left }. Never share it.
sms-text-verify = { $code } is the code ({ $tag }) that confirms this number for { $application } on { $host }. Give it to your administrator. It expires in { $left }.

mail-subject-change = { $application }: code ({ $tag }) for a change on { $host }
mail-text-change = { $code } is the code ({ $tag }) for a change to how { $user } proves to be { $user } on { $host }, { $application }. It expires in { $left }. If this is not you, change your password and tell your administrator.
mail-subject-enrol = { $application }: confirm this address ({ $tag }) for { $host }
mail-text-enrol = { $code } is the code ({ $tag }) that confirms this address for { $user } on { $host }, { $application }. { $place }. It expires in { $left }. If you do not expect this, ignore it.
mail-subject-verify = { $application }: confirm this address ({ $tag }) for { $host }
mail-text-verify = { $code } is the code ({ $tag }) that confirms this address for { $user } on { $host }, { $application }. Give it to your administrator. It expires in { $left }. If you do not expect this, ignore it.
mail-subject-test = { $application }: test message from { $host }
mail-text-test = This is a test message from { $host }, { $application }. Login codes will come from this address.

# Notices to the owner of an account. {$what} is one of the notice-…, one sentence, which must fit into a text message with the rest.
# {$device}: what a device is known by; in a text message where it logs in from. {$when}: a time, UTC.
notice-new-device = A new device is remembered: { $device }.
notice-email-changed = The email address for your codes is now { $to }.
notice-phone-changed = The phone number for your codes is now { $to }.
notice-email-removed = The email address for your codes was removed.
notice-phone-removed = The phone number for your codes was removed.
notice-recovery-used =
    { $left ->
        [0] Your last recovery code was used.
        [one] A recovery code was used; 1 is left.
       *[other] A recovery code was used; { $left } are left.
    }
notice-recovery-renewed = New recovery codes were made; the old ones no longer count.
notice-app-enrolled = An authenticator app was added.
notice-app-replaced = Your authenticator app was replaced by another.
notice-invited = You were invited to set up your second factor.
notice-grant-made = A one-time code to log in as you was made, good until { $until }.
notice-grant-used = A one-time code of your administrator was used to log in as you.
notice-locked = Too many wrong codes were given, and your codes are refused for now.
notice-shut-out = Your account was shut out.
notice-let-in = Your account is let in again.
notice-reset = Your second factor was reset: addresses, app, codes and devices are gone.
notice-verify-changed = It was changed when you are asked for a code.
notice-devices-revoked =
    { $count ->
        [one] 1 remembered device was forgotten.
       *[other] { $count } remembered devices were forgotten.
    }

mail-subject-notice = { $application }: security notice for { $host }
mail-text-notice =
    { $what }

    Account { $user } on { $host } ({ $application }), { $when }: { $place }.
    If this was not you, tell your administrator.
mail-text-notice-admin =
    { $what }

    Account { $user } on { $host } ({ $application }), { $when }, by an administrator.
    If you did not expect this, ask your administrator.
sms-notice = { $application }, { $host }: { $what } If this was not you, tell your administrator.

span-minutes = { $n ->
    [one] 1 minute
   *[other] { $n } minutes
}
span-seconds = { $n ->
    [one] 1 second
   *[other] { $n } seconds
}
span-hours = { $n ->
    [one] 1 hour
   *[other] { $n } hours
}
span-days = { $n ->
    [one] 1 day
   *[other] { $n } days
}
