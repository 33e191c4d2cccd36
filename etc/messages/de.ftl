# Was man liest, deutsch. en.ftl sagt, was die Werte sind. Zeitspannen stehen im Nominativ; nur bei Tagen hieße der Dativ anders.

time-seconds = { $n } s
time-minutes = { $n } min
time-hours = { $n } h

prompt-sent = Code per { $way ->
    [sms] SMS
   *[email] E-Mail
} an { $to } gesendet ({ $tag }), { $left } gültig.
prompt-adopted = Code vor { $ago } per { $way ->
    [sms] SMS
   *[email] E-Mail
} an { $to } gesendet ({ $tag }), { $left } gültig.
prompt-resent = Code erneut per { $way ->
    [sms] SMS
   *[email] E-Mail
} an { $to } gesendet ({ $tag }), { $left } gültig.
prompt-not-sent = Kein Code an { $to } ({ $tag }): Senden misslungen.
prompt-withheld = Neue Codes gibt es erst in { $wait }. Haben Sie einen, geben Sie ihn ein.
ask-code = Code{ $keys }:
key-resend = , 'r' sendet neu
key-again = , 'r' versucht es noch einmal
key-email = , 'e' für E-Mail
key-sms = , 's' für SMS
key-app = , 'a' für die App
key-recovery = , oder ein Wiederherstellungscode
choice-email = { $n }) E-Mail { $to }
choice-sms = { $n }) SMS { $to }
choice-app = { $n }) App
prompt-choose = Auswahl [1]:
prompt-app = Code aus Ihrer Authenticator-App{ $keys }:
prompt-app-form = Ein Code der App hat { $digits } Ziffern. Code:
prompt-saved = Wiederherstellungscode oder Code Ihres Administrators:
note-not-sent = Der Code konnte nicht per { $way ->
    [sms] SMS
   *[email] E-Mail
} an { $to } gesendet werden.
note-withheld = Neue Codes gibt es erst in { $wait }.
recovery-left =
    { $left ->
        [0] Das war Ihr letzter Wiederherstellungscode. Neue erzeugt: pam-2fa me codes
        [one] 1 Wiederherstellungscode ist übrig. Neue erzeugt: pam-2fa me codes
       *[other] { $left } Wiederherstellungscodes sind übrig.
    }
prompt-resend-later = Eine weitere Nachricht ist in { $wait } möglich. Code ({ $tag }):
prompt-form = Ein Code hat { $digits } Ziffern. Code ({ $tag }):
prompt-wrong =
    { $left ->
        [one] Falscher Code, noch 1 Versuch. Code:
       *[other] Falscher Code, noch { $left } Versuche. Code:
    }
prompt-constant = Wenn das Passwort stimmte, wurde ein Code gesendet ({ $tag }). Code:
prompt-trust = Diesem Gerät { $span } lang vertrauen? [j/N]
answer-yes = j ja y yes

denied-tries = Zu viele falsche Codes. Versuchen Sie es in { $wait } wieder.
denied-disabled = Zu viele falsche Codes. Bitten Sie Ihren Administrator, Ihre Codes freizugeben.
denied-expired = Dieser Code ist abgelaufen. Melden Sie sich neu an, um einen neuen zu erhalten.
denied-used = Dieser Code ist verbraucht. Melden Sie sich neu an, um einen neuen zu erhalten.
denied-prompts = Zu viele Eingaben. Melden Sie sich neu an.
denied-no-method = Hier ist ein Code nötig, und für Sie ist keine bestätigte Adresse hinterlegt. Wenden Sie sich an Ihren Administrator.
denied-shut-out = Ihr Konto ist hier gesperrt. Wenden Sie sich an Ihren Administrator.
denied-another = Ihr Konto passt nicht zu seinem Eintrag. Wenden Sie sich an Ihren Administrator.
denied-no-channel = Hier ist ein Code nötig, und dieser Rechner kann keinen senden. Wenden Sie sich an Ihren Administrator.
denied-unavailable = Der Code kann zurzeit nicht geprüft werden. Versuchen Sie es später wieder.
grace-until = Ab { $date } ist hier ein Code nötig; lassen Sie Ihren Administrator eine Adresse für Sie eintragen.
reference = Ref { $reference }

place-remote = { $service } von { $from }
place-tty = { $service } auf { $tty }
place-here = { $service }
place-as = { $place }, um zu { $user } zu werden
place-own = Eines Ihrer Programme auf diesem Rechner

mail-subject = { $application }: Anmeldecode ({ $tag }) für { $host }
mail-text = { $code } ist Ihr Anmeldecode ({ $tag }) von { $application } für { $host }. { $place }. Er läuft in { $left } ab. Falls das nicht Sie sind, ändern Sie Ihr Passwort.
mail-text-again = { $code } ist Ihr Anmeldecode ({ $tag }) von { $application } für { $host }, auf Ihren Wunsch noch einmal gesendet. { $place }. Er läuft in { $left } ab. Falls das nicht Sie sind, ändern Sie Ihr Passwort.

sms-text = { $code } ist Ihr Anmeldecode ({ $tag }) von { $application } für { $host }. Er läuft in { $left } ab. Geben Sie ihn nie weiter.
sms-text-again = { $code } ist Ihr Anmeldecode ({ $tag }) von { $application } für { $host }, erneut gesendet. Er läuft in { $left } ab. Geben Sie ihn nie weiter.
sms-text-verify = { $code } ist der Code ({ $tag }), der diese Nummer für { $application } auf { $host } bestätigt. Teilen Sie ihn Ihrem Administrator mit. Er läuft in { $left } ab.

mail-subject-verify = { $application }: diese Adresse bestätigen ({ $tag }) für { $host }
mail-text-verify = { $code } ist der Code ({ $tag }), der diese Adresse für { $user } auf { $host }, { $application }, bestätigt. Teilen Sie ihn Ihrem Administrator mit. Er läuft in { $left } ab. Wenn Sie ihn nicht erwarten, tun Sie nichts.
mail-subject-test = { $application }: Testnachricht von { $host }
mail-text-test = Das ist eine Testnachricht von { $host }, { $application }. Anmeldecodes kommen künftig von diesem Absender.

span-minutes = { $n ->
    [one] 1 Minute
   *[other] { $n } Minuten
}
span-seconds = { $n ->
    [one] 1 Sekunde
   *[other] { $n } Sekunden
}
span-hours = { $n ->
    [one] 1 Stunde
   *[other] { $n } Stunden
}
span-days = { $n ->
    [one] 1 Tag
   *[other] { $n } Tage
}
