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
grace-until = From { $date } on a code is needed here; ask your administrator to register an address for you.
reference = Ref { $reference }

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
sms-text-verify = { $code } is the code ({ $tag }) that confirms this number for { $application } on { $host }. Give it to your administrator. It expires in { $left }.

mail-subject-verify = { $application }: confirm this address ({ $tag }) for { $host }
mail-text-verify = { $code } is the code ({ $tag }) that confirms this address for { $user } on { $host }, { $application }. Give it to your administrator. It expires in { $left }. If you do not expect this, ignore it.
mail-subject-test = { $application }: test message from { $host }
mail-text-test = This is a test message from { $host }, { $application }. Login codes will come from this address.

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
