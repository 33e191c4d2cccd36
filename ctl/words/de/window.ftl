### Das Setup-Fenster.

window-title = Zwei-Faktor-Anmeldung
window-page-main = Allgemein
window-page-limits = Grenzen und Einrichtung
window-page-users = Benutzer

note-saved = Gespeichert und übernommen.
note-nothing-to-save = Nichts wurde geändert, also gibt es nichts zu speichern.
note-undone = Zurückgenommen.
note-redone = Wieder getan.
note-nothing-undone = Es gibt nichts zurückzunehmen.
note-plain = Es steht im Klartext in der Datei: dort nachsehen, oder einmal speichern, dann ist es verschlüsselt.
untested-words = ohne Test
