"""What aiohttp raises, as the httpx2 error that says what happened."""

import ssl

import aiohttp
import httpx2

# While a body is read; RuntimeError: it was closed meanwhile. To a reader whose response is closed aiohttp raises the
# same object each time, with a traceback that grows by each, and holds their frames and all that is in them for ever:
# whoever catches it lets go of that.
BROKEN = (aiohttp.ClientError, OSError, RuntimeError)


def translated(error: Exception) -> httpx2.TransportError:
    """The httpx2 error that says what happened, in our words: the first line that matches."""
    match error:
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            return httpx2.ProxyError("the proxy did not connect us")
        case aiohttp.ClientConnectorDNSError():
            return httpx2.ConnectError("the host's name is not known")
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return httpx2.ConnectError("no secure connection")
        case aiohttp.ClientConnectorError():
            return httpx2.ConnectError("the connection was refused")
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError() | ValueError():
            return httpx2.UnsupportedProtocol("not a URL that can be called")
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientPayloadError() | aiohttp.ClientResponseError():
            return httpx2.RemoteProtocolError("the answer broke off, or is not HTTP")
        case _:
            return httpx2.ReadError("the connection was lost")
