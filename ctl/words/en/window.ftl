### The Setup window.

window-title = Two-factor authentication
window-page-main = Main
window-page-limits = Limits and enrolment
window-page-users = Users
