### Das Setup-Fenster.

window-title = Zwei-Faktor-Anmeldung
window-page-main = Allgemein
window-page-limits = Grenzen und Einrichtung
window-page-users = Benutzer
