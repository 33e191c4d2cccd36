### Das Setup-Fenster.

window-title = Zwei-Faktor-Anmeldung
window-page-main = Allgemein
window-page-limits = Grenzen und Einrichtung
window-page-users = Benutzer

note-saved = Gespeichert und übernommen.
note-nothing-to-save = Nichts wurde geändert, also gibt es nichts zu speichern.
note-undone = Rückgängig gemacht: { $what }
note-redone = Wiederhergestellt: { $what }
note-nothing-undone = Es gibt nichts rückgängig zu machen.
note-nothing-redone = Es gibt nichts wieder zu tun.
untested-words = ohne Test

window-unsaved = nicht gespeichert
window-too-small = Zu klein: mindestens 60 × 16.
health-asking = frage configd …
health-well = configd: läuft
health-unhealthy = ! configd: Probleme ({ $count })
health-lost = ! configd antwortet nicht

key-next = Feld
key-page = Seite
key-save = speichern
key-eye = zeigen
key-test = Test
key-undo = zurück
key-help = Hilfe
key-exit = Ende

choice-yes = ja
choice-no = nein
choice-default = Vorgabe
choice-no-provider = keiner
choice-policy-required-disabled = aus: niemand wird gefragt
choice-policy-required-optional = optional: je Benutzer
choice-policy-required-mandatory = verpflichtend: alle
choice-email-tls-implicit = implizit
choice-email-tls-starttls = STARTTLS
choice-email-tls-none = aus
choice-policy-enrolment-administrator = Administrator
choice-policy-enrolment-invited = mit Einladung
choice-policy-enrolment-at-login = bei der Anmeldung
unit-seconds = Sekunden
unit-minutes = Minuten
unit-hours = Stunden
unit-days = Tage
unit-second = Sekunde
unit-minute = Minute
unit-hour = Stunde
unit-day = Tag
unit- = ?
secret-kept = (vorhanden, verschlüsselt)
secret-plain = (Klartext bis Speichern)
secret-none = (keines)
provider-own = eigene Datei
provider-unproven = nicht erprobt
list-filter = Filter:
list-nothing = nichts passt

title-help = Hilfe
title-unsaved = Nicht gespeichert
title-untested = Nicht ausprobiert
title-conflict = Von anderen geändert
title-diff = Gespeichert
title-problems = Wie es configd geht
problems-none = configd antwortet und hat nichts zu beanstanden.
problems-more = `pam-2fa doctor` sagt, wie es zu beheben ist.
problems-lost = Solange es nicht antwortet, wird abgewiesen, wer einen Code braucht. Speichern geht trotzdem: es gilt, sobald configd wieder läuft (systemctl start pam-2fa-configd).
keys-any = Enter: schließen
keys-list = tippen: filtern   Enter: wählen   Esc: zurück
keys-unsaved = s: speichern   v: verwerfen   Esc: zurück
keys-send = Enter: senden   Esc: zurück
keys-talk = Esc: nicht warten
keys-untested = Enter: speichern   Esc: zurück
keys-conflict = m: meins   a: das andere   Esc: zurück
ask-unsaved = Es gibt Änderungen, die nicht gespeichert sind. Vor dem Beenden speichern?
ask-address = An diese Adresse geht die Testnachricht:
ask-number = An diese Nummer geht die Testnachricht, etwa +4915550100:
ask-untested = Mit dem, was hier steht, hat kein Test bestanden ({ $ways }). Niemand weiß also, ob Codes ankommen, und wer einen braucht, wird sonst abgewiesen. F5 probiert es. Um trotzdem zu speichern, hier eintippen:
ask-no-way = Es gibt weder Mailserver noch SMS-Anbieter. Codes kommen also nur aus einer App, und wer keine hat, wird abgewiesen. Um trotzdem zu speichern, hier eintippen:
ask-conflict = Während dieses Fenster offen war, hat jemand dieselben Einstellungen anders gespeichert:
conflict-line = { $key }: hier { $ours }, dort { $theirs }
talk-goes-on = …
talk-accepted = Angenommen für { $to }: { $said }
talk-failed = Nicht gesendet: { $why }
tried-goes-on = läuft …
tried-well = angenommen, wie hier gezeigt
tried-failed = ! gescheitert, wie hier gezeigt
warn-tls-off = aus: Passwort und Codes sind unterwegs lesbar
help-keys =
    Tab, ↓      nächstes Feld         Shift-Tab, ↑   voriges Feld
    Bild↓, ^N   nächste Seite         Bild↑, ^P      vorige Seite
    ← → Leer    andere Auswahl        Enter          Liste, Knopf, weiter
    F2, ^S      speichern             F10, ^Q        beenden
    F3, ^R      Geheimnis zeigen      F5, ^T         Test senden
    F1, ^G      diese Hilfe           F4, ^D         wie es configd geht
    ^Z          rückgängig            ^Y             wiederherstellen
    ^W          Wort löschen          ^U             Zeile löschen
    Entf        wieder Vorgabe; bei leerem Geheimnis: es herausnehmen
    Eine Zahl und s, m, h oder d: eine Dauer. Leeres Feld: Vorgabewert.

saved-sealed = Verschlüsselt: { $keys }
saved-theirs = Von anderen inzwischen geändert: { $keys }
saved-later = Noch nicht übernommen: { $why }

eye-show = [F3: zeigen]
eye-hide = [F3: verbergen]
unit-never = : immer gefragt
heading-backups = Ersatz in config.toml: { $count }
account-choice = eins von: { $names }
account-pattern = nicht so, wie der Anbieter es hat
account-missing = nötig
note-saving = Wird gespeichert …
note-saved-later = Gespeichert; es gilt, sobald configd läuft.
note-how-to-exit = F10 oder ^Q beendet.
note-no-field = { $why }; zu beheben mit `pam-2fa config edit`
title-weaker = Weniger Codes
ask-weaker = Bisher: { $was }. Ab jetzt: { $is }. Wer Passwort oder Schlüssel hat, kommt dann ohne Code hinein. Ist das gewollt?
keys-weaker = j: speichern   Esc: zurück
keys-exit = Enter: beenden
warn-kept = ! Das vorhandene Geheimnis geht mit, an eine neue Stelle; das Protokoll hält fest, wer es schickte.
choice-policy-profile-standard = keine
choice-policy-profile-nist-aal2 = NIST AAL2
choice-policy-profile-pci-dss = PCI DSS
choice-codes-prompt-detailed = ausführlich
choice-codes-prompt-constant = immer gleich
choice-trust-ssh-identity-key = Schlüssel und Netz
choice-trust-ssh-identity-address = nur Adresse
choice-trust-web-identity-none = nie
choice-trust-web-identity-address = nur Adresse
choice-codes-language-en = English
choice-codes-language-de = Deutsch
choice-codes-language-fr = Français
choice-codes-language-es = Español
choice-codes-language-ja = 日本語
conflict-typed = das hier eingetippte
conflict-theirs = ein anderes Geheimnis
secret-in-one = (in einem Text: config edit)
list-more = … { $count } weitere
note-has-backups = Sein Ersatz ginge mit: zuerst herausnehmen, mit `pam-2fa config edit`.
note-not-sent = Nichts wurde gesendet: dies ist zuerst zu beheben.
help-users =
    Buchstaben  filtern die Liste     Enter          öffnen, anlegen
    F5, ^R      neu lesen             Esc            zurück, Allgemein
    Bild↓ Bild↑ blättern              Tab            nächste Seite
    F4, ^D      wie es configd geht   F10, ^Q        beenden
    Bei einem Benutzer tun die Buchstaben vor den Zeilen, c i u d x, r und
    R eines Geräts, was daneben steht. Was etwas wegnimmt, fragt vorher.
