"""Who may pass: sessions, the sign-in form, and where a mailbox takes its user; sending requests on is `relay`'s."""
