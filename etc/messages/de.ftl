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
prompt-letter = '{ $way ->
    [sms] s
   *[email] e
}' sendet einen Code per { $way ->
    [sms] SMS
   *[email] E-Mail
} an { $to }:
prompt-name = Nummer auswählen:
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
denied-in-use = Diese Adresse gehört hier einem anderen Benutzer; nichts wurde geändert. Wenden Sie sich an Ihren Administrator.
denied-not-invited = Hier ist ein zweiter Faktor nötig, und Sie haben keinen. Bitten Sie Ihren Administrator um einen Einladungscode.
denied-not-allowed = Nichts wurde geändert: Die Einladung ist abgelaufen, oder inzwischen wurde etwas anderes registriert. Beginnen Sie neu.
denied-nothing-yours = Für Sie ist nichts hinterlegt, das sich ändern ließe. Bitten Sie Ihren Administrator um einen Einladungscode.
denied-no-device = Ein solches Gerät von Ihnen gibt es nicht. Siehe die Liste: pam-2fa me devices
grace-until = Ab { $date } ist hier ein Code nötig; lassen Sie Ihren Administrator eine Adresse für Sie eintragen.
reference = Ref { $reference }
denied-enter = Drücken Sie Enter:

enrol-begin = Hier ist ein zweiter Faktor nötig, und Sie haben noch keinen.
enrol-invitation = Einladungscode Ihres Administrators:
enrol-address = { $can ->
    [both] E-Mail-Adresse oder Telefonnummer wie +15550100
    [sms] Telefonnummer wie +15550100
   *[email] E-Mail-Adresse
}{ $keys }:
enrol-known = , Enter für { $to }
enrol-app = , 'a' für eine App
enrol-address-wrong = Das ist weder eine E-Mail-Adresse noch eine Telefonnummer wie +15550100.
enrol-no-channel = Dieser Rechner kann dorthin keine Codes senden.
enrol-offer-app = Auch eine Authenticator-App einrichten? [j/N]
enrol-scan = Scannen Sie dies mit Ihrer Authenticator-App, oder geben Sie den Schlüssel darunter ein.
enrol-type = Schlüssel für die App:
enrol-app-code = Code aus der App:
enrol-app-code-or-not = Code aus der App, oder Enter, um ohne sie fortzufahren:
enrol-wrong = Dieser Code ist falsch.
enrol-codes = Ihre Wiederherstellungscodes. Jeder lässt Sie einmal ein, wenn nichts anderes zur Hand ist. Verwahren Sie sie getrennt vom Telefon:
enrol-kept = Drücken Sie Enter, wenn Sie sie verwahrt haben:
enrol-done = Sie sind registriert.
own-done = Erledigt.
own-revoked = Das Gerät ist vergessen.

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
sms-text-enrol = { $code } ist der Code ({ $tag }), der diese Nummer für { $application } auf { $host } bestätigt. Er läuft in { $left } ab. Geben Sie ihn nie weiter.
sms-text-verify = { $code } ist der Code ({ $tag }), der diese Nummer für { $application } auf { $host } bestätigt. Teilen Sie ihn Ihrem Administrator mit. Er läuft in { $left } ab.

mail-subject-change = { $application }: Code ({ $tag }) für eine Änderung auf { $host }
mail-text-change = { $code } ist der Code ({ $tag }) für eine Änderung an den Anmeldeverfahren von { $user } auf { $host }, { $application }. Er läuft in { $left } ab. Falls das nicht Sie sind, ändern Sie Ihr Passwort und sagen Sie es Ihrem Administrator.
mail-subject-enrol = { $application }: diese Adresse bestätigen ({ $tag }) für { $host }
mail-text-enrol = { $code } ist der Code ({ $tag }), der diese Adresse für { $user } auf { $host }, { $application }, bestätigt. { $place }. Er läuft in { $left } ab. Wenn Sie ihn nicht erwarten, tun Sie nichts.
mail-subject-verify = { $application }: diese Adresse bestätigen ({ $tag }) für { $host }
mail-text-verify = { $code } ist der Code ({ $tag }), der diese Adresse für { $user } auf { $host }, { $application }, bestätigt. Teilen Sie ihn Ihrem Administrator mit. Er läuft in { $left } ab. Wenn Sie ihn nicht erwarten, tun Sie nichts.
mail-subject-test = { $application }: Testnachricht von { $host }
mail-text-test = Das ist eine Testnachricht von { $host }, { $application }. Anmeldecodes kommen künftig von diesem Absender.

notice-new-device = Einem neuen Gerät wird vertraut: { $device }.
notice-email-changed = Die E-Mail-Adresse für Ihre Codes ist jetzt { $to }.
notice-phone-changed = Die Telefonnummer für Ihre Codes ist jetzt { $to }.
notice-email-removed = Die E-Mail-Adresse für Ihre Codes wurde entfernt.
notice-phone-removed = Die Telefonnummer für Ihre Codes wurde entfernt.
notice-recovery-used =
    { $left ->
        [0] Ihr letzter Wiederherstellungscode wurde benutzt.
        [one] Ein Wiederherstellungscode wurde benutzt; 1 ist übrig.
       *[other] Ein Wiederherstellungscode wurde benutzt; { $left } sind übrig.
    }
notice-recovery-renewed = Neue Wiederherstellungscodes wurden erzeugt; die alten gelten nicht mehr.
notice-app-enrolled = Eine Authenticator-App wurde hinzugefügt.
notice-app-replaced = Ihre Authenticator-App wurde durch eine andere ersetzt.
notice-invited = Sie wurden eingeladen, Ihren zweiten Faktor einzurichten.
notice-grant-made = Ein Einmalcode für Ihre Anmeldung wurde erstellt, gültig bis { $until }.
notice-grant-used = Ein Einmalcode Ihres Administrators wurde zur Anmeldung benutzt.
notice-locked = Zu viele falsche Codes; Ihre Codes werden vorerst nicht angenommen.
notice-shut-out = Ihr Konto wurde gesperrt.
notice-let-in = Ihr Konto ist wieder freigegeben.
notice-reset = Ihr zweiter Faktor wurde zurückgesetzt: ohne Adressen, App, Codes, Geräte.
notice-verify-changed = Es wurde geändert, wann Sie nach einem Code gefragt werden.
notice-devices-revoked =
    { $count ->
        [one] Einem Gerät wird nicht mehr vertraut.
       *[other] { $count } Geräten wird nicht mehr vertraut.
    }

mail-subject-notice = { $application }: Sicherheitshinweis für { $host }
mail-text-notice =
    { $what }

    Konto { $user } auf { $host } ({ $application }), { $when }: { $place }.
    Falls das nicht Sie waren, verständigen Sie Ihren Administrator.
mail-text-notice-admin =
    { $what }

    Konto { $user } auf { $host } ({ $application }), { $when }, durch einen Administrator.
    Falls Sie das nicht erwartet haben, fragen Sie Ihren Administrator.
sms-notice = { $application }, { $host }: { $what } Nicht von Ihnen? Verständigen Sie Ihren Administrator.

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
