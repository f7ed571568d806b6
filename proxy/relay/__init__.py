"""One request from the browser to a backend and its answer back; `exchange` is the life of a request on one screen."""
