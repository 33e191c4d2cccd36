### Die Seite Benutzer. Was in einer Spalte oder vor einem Feld steht, ist kurz: die Spalten der Liste sind so breit, wie es dort steht.

users-filter = Filter
users-counted = { $shown } von { $all }
users-reading = Die Einträge werden gelesen …
users-not-read = Die Einträge wurden nicht gelesen. F5 versucht es noch einmal.
users-none = Noch hat kein Benutzer einen Eintrag. Enter legt einen an.
users-no-match = So heißt niemand. Enter legt einen Eintrag für einen Benutzer dieses Rechners an.
users-legend = ↑↓ bewegt, Buchstaben filtern. ? nach einer Methode: noch nicht bestätigt.

# Spalten und Namen der Felder. In der Liste: 11, 16, 16 und 9 Stellen.
users-name = Name
users-verify = Codeabfrage
users-methods = Methoden
users-email = E-Mail
users-phone = Telefon
users-last = Anmeldung (UTC)
users-state = Zustand
users-language = Sprache
users-app = App
users-recovery = Wiederherstellung
users-prefers = Bevorzugt
users-with = mit
users-invitation = Einladung
users-grant = Einmalcode
users-locked = Blockiert
users-disabled = Gesperrt

# Werte. `verify`: 11 Stellen, der Zustand: 9.
users-verify-never = nie
users-verify-new-device = neues Gerät
users-verify-always = immer
users-verify-never-says = es wird kein Code verlangt
users-verify-new-device-says = wo das Gerät nicht bekannt ist
users-verify-always-says = bei jeder Anmeldung
users-method-email = E-Mail
users-method-sms = SMS
users-method-app = App
users-verified = bestätigt
users-unverified = nicht bestätigt
users-state-locked = blockiert
users-state-disabled = gesperrt
users-language-usual = wie in den Einstellungen
users-since = seit { $at } UTC
users-left = noch { $count } Codes
users-login-from = { $at }, { $service } von { $from }
users-pass = { $id } bis { $until } UTC

# Ein Benutzer.
users-title = { $user } (uid { $uid })
users-more = Bild↓: { $count } weitere Zeilen
users-devices = Bekannte Geräte: { $count }   ↑↓ wählt eines
users-no-devices = Kein Gerät ist bekannt.
users-reading-devices = Die Geräte werden gelesen …
users-device = Gerät
users-class = Für
users-first = Zuerst (UTC)
users-used = Zuletzt (UTC)
users-from = Von
users-until = Bis (UTC)
users-about-device = { $device }; zuerst benutzt { $first } UTC, zuletzt von { $from }
users-about-ended = { $about }; beendet: { $why }
users-ended = beendet

# Tasten, und was sie tun.
users-key-arrows = ↑↓
users-key-insert = Einfg
users-letter-yes = j
users-letter-no = n
users-do-move = bewegen
users-do-open = öffnen
users-do-make = anlegen
users-do-clear = leeren
users-do-main = Allgemein
users-do-pages = Seiten
users-do-again = neu lesen
users-do-device = Gerät
users-do-revoke = widerrufen
users-do-revoke-all = alle
users-do-back = zur Liste
users-do-send = Adresse bestätigen
users-do-invite = einladen
users-do-unlock = freigeben
users-do-disable = sperren
users-do-reset = zurücksetzen
users-do-choose = auswählen
users-do-leave = zurück
users-do-save = speichern
users-do-send-again = noch einmal senden
users-do-give = Code prüfen
users-do-yes = ja, ausführen
users-do-no = nein
users-do-handed = schließen: ich habe ihn

# Fenster.
users-question = Sind Sie sicher?
users-choose-verify = Wann { $user } nach einem Code gefragt wird
users-choose-address = Ein Code für { $user }
users-address-says = Dorthin geht ein Code. { $user } liest ihn Ihnen vor, und Sie geben ihn hier ein.
users-type = Eingeben
users-type-tag = den Code mit dem Kürzel { $tag }, per { $way }
users-edit-name = Ein neuer Eintrag
users-edit-name-says = Der Anmeldename eines Benutzers dieses Rechners.
users-edit-email = E-Mail von { $user }
users-edit-email-says = Leer entfernt die Adresse. An eine neue gehen Anmeldecodes erst, wenn sie bestätigt ist (c).
users-edit-phone = Telefon von { $user }
users-edit-phone-says = Mit + und Ländervorwahl, etwa +4930123456. Leer entfernt die Nummer. An eine neue gehen Anmeldecodes erst, wenn sie bestätigt ist (c).
users-edit-language = Sprache von { $user }
users-edit-language-says = Für Nachrichten an { $user }: { $all }. Leer: wie in den Einstellungen.
users-code-email = E-Mail-Adresse von { $user } bestätigen
users-code-phone = Telefonnummer von { $user } bestätigen
users-code-sending = Ein Code wird gesendet …
users-code-not-sent = Der Code wurde nicht gesendet.
users-code-email-says = Eine E-Mail mit dem Kürzel { $tag } ist unterwegs. Geben Sie den Code ein, den { $user } Ihnen daraus vorliest.
users-code-phone-says = Eine SMS mit dem Kürzel { $tag } ist unterwegs. Geben Sie den Code ein, den { $user } Ihnen daraus vorliest.
users-code = Code
users-invitation-of = Einladung für { $user }
users-invitation-says = Wer diesen Code hat, richtet damit einmal eine erste Methode ein. Er wird nicht noch einmal gezeigt: Geben Sie ihn selbst weiter, an { $user } und sonst niemanden.
users-invitation-until = Gültig bis { $until } UTC; im Protokoll heißt er { $id }.

# Fragen: um wen es geht, und was verloren geht.
users-ask-email = Die E-Mail-Adresse von { $user } entfernen? Dorthin geht dann kein Code mehr.
users-ask-phone = Die Telefonnummer von { $user } entfernen? Dorthin geht dann kein Code mehr.
users-ask-invite = { $user } hat eine offene Einladung. Eine neue anlegen? Der frühere Code gilt dann nicht mehr.
users-ask-let-in = { $user } ist gesperrt. { $user } freigeben? Auch falsche Codes sind damit vergessen.
users-ask-disable = { $user } sperren? Dann hilft kein Code und kein bekanntes Gerät, bis Sie { $user } wieder freigeben. Offene Sitzungen bleiben offen.
users-ask-reset = { $user } zurücksetzen? E-Mail-Adresse, Telefonnummer, App, Wiederherstellungscodes, Einmalcodes und bekannte Geräte werden gelöscht. Codeabfrage und Sprache bleiben.
users-ask-revoke = Dieses Gerät von { $user } widerrufen? { $class }, { $device }: Dort wird dann wieder nach einem Code gefragt.
users-ask-revoke-all = Alle { $count } Geräte von { $user } widerrufen? Auf jedem wird dann wieder nach einem Code gefragt.
users-ask-any = Dies für { $user } ausführen?

# Was geschehen ist.
users-working = Warten auf configd …
users-wait = configd hat noch nicht geantwortet; bitte warten.
users-wrong = Fehler: { $why }
users-lost = configd antwortet nicht; vielleicht wurde dies nicht ausgeführt. F4 zeigt, was zu tun ist; sehen Sie danach hier nach.
users-found = configd antwortet wieder, und diese Seite ist neu gelesen. Sehen Sie nach, ob es ausgeführt wurde.
users-gone = { $user } steht nicht mehr in dieser Liste. Wählen Sie mit ↑↓.
users-another = { $user } ist jetzt ein anderer Benutzer: uid { $is } und nicht { $was }. Sehen Sie nach, bevor Sie etwas ändern.
users-nobody-under = Niemand ist mehr gewählt. Wählen Sie mit ↑↓.
users-no-address = Es gibt weder eine E-Mail-Adresse noch eine Telefonnummer für einen Code.
users-no-device = Es gibt kein Gerät, das sich widerrufen ließe.
users-no-device-under = Dieses Gerät ist nicht mehr bekannt. Wählen Sie mit ↑↓.
users-is-out = Dieser Benutzer ist schon gesperrt; u gibt ihn frei.
users-done-made = { $user } hat jetzt einen Eintrag.
users-done-verify = Codeabfrage bei { $user }: { $value }.
users-done-email = Die E-Mail-Adresse von { $user } ist jetzt { $value }.
users-done-no-email = { $user } hat keine E-Mail-Adresse mehr.
users-done-phone = Die Telefonnummer von { $user } ist jetzt { $value }.
users-done-no-phone = { $user } hat keine Telefonnummer mehr.
users-done-language = Sprache für Nachrichten an { $user }: { $value }.
users-done-no-language = Für { $user } gilt die Sprache der Einstellungen.
users-done-invited = { $user } hat eine Einladung.
users-done-unlocked = { $user } ist freigegeben: falsche Codes sind vergessen.
users-done-let-in = { $user } ist freigegeben und kann sich wieder anmelden; falsche Codes sind vergessen.
users-done-disabled = { $user } ist gesperrt.
users-done-reset = { $user } ist zurückgesetzt und kann eingeladen werden.
users-done-revoked = Widerrufen für { $user }: { $device }
users-done-revoked-all = Alle Geräte von { $user } sind widerrufen.
users-done-sent-email = Eine E-Mail mit einem Code ist unterwegs zu { $user }; mit c geben Sie ihn ein.
users-done-sent-sms = Eine SMS mit einem Code ist unterwegs zu { $user }; mit c geben Sie ihn ein.
users-done-email-verified = Die E-Mail-Adresse von { $user } ist bestätigt.
users-done-phone-verified = Die Telefonnummer von { $user } ist bestätigt.
