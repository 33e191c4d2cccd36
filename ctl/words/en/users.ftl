### The Users page.

users-filter = Filter
users-none = No user has a record yet.
users-name = Name
users-verify = Asked
users-email = Email
users-phone = Phone
users-last = Last login
