### The Setup window.

window-title = Two-factor authentication
window-page-main = Main
window-page-limits = Limits and enrolment
window-page-users = Users

note-saved = Saved, and taken over.
note-nothing-to-save = Nothing was changed, so there is nothing to save.
note-undone = Taken back.
note-redone = Done again.
note-nothing-undone = There is nothing to take back.
note-plain = It stands in the file in plain text: look there, or save once to have it encrypted.
untested-words = without a test
