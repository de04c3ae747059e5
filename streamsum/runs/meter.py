"""The tokens of one summary, call by call: what its key is charged."""

from streamsum.core.context import usual_tokens
from streamsum.core.cost import spent
from streamsum.core.passes import End, Prompt


class Meter:
    """Runs while a call does. What is received is counted in characters: a division at every read would cost more."""

    def __init__(self) -> None:
        self.tokens = 0  # of the calls that are over
        self.received_chars = 0  # of the call of now
        self._sent = 0
        self._tokens_a_char = 0.0

    def begin(self, prompt: Prompt) -> None:
        """A call is made. Its answer will be in the script of what is asked, more or less."""
        self._sent = usual_tokens(prompt.system) + usual_tokens(prompt.user)
        self._tokens_a_char = self._sent / (len(prompt.system) + len(prompt.user))

    def end(self, end: End) -> None:
        """It is over."""
        received = round((self.received_chars + end.thought_chars) * self._tokens_a_char)
        self.tokens += spent(end, sent=self._sent, received=received)
        self.received_chars = self._sent = 0
