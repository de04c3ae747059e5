"""The API's description of itself: OpenAPI 3.2 made from what is served.

https://spec.openapis.org/oas/v3.2.0.html
"""
