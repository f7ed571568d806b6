"""Who is signed in and for how long; checking passwords is left to `accounts`, what the browser sees to `signin`."""
