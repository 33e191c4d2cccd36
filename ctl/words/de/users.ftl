### Die Seite Benutzer.

users-filter = Filter
users-none = Noch kein Benutzer hat einen Eintrag.
users-name = Name
users-verify = Gefragt
users-email = E-Mail
users-phone = Telefon
users-last = Letzte Anmeldung
