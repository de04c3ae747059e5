"""What may be recorded: nothing of a user's text, an upstream's message or an exception's words, at any level.

fields.py     the list of what a line of the log may say
logs.py       our lines, the libraries' brought in line, and how both are printed
escapes.py    exceptions that nobody caught
places.py     an exception by its type and place
"""

from streamsum.telemetry.exceptions import whereabouts as whereabouts
