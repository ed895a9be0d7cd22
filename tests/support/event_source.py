"""An EventSource as the HTML standard has it: it comes back when its stream ends, unless the answer is no stream."""

from uuid import UUID

from tests.support.app import Event, Frontdesk, read_events


class EventSource:
    """Reads a stream of events, and says with which number it has come so far."""

    def __init__(self, server: Frontdesk, user: UUID, path: str) -> None:
        self._server = server
        self._user = user
        self._path = path
        self._last_event_id = ""
        self.statuses: list[int] = []
        """Of each connection."""

    async def whole(self) -> list[Event]:
        """All events until the server has it close."""
        heard: list[Event] = []
        async with self._server.client(self._user) as client:
            while True:
                headers = {"Accept": "text/event-stream"}
                if self._last_event_id:
                    headers["Last-Event-ID"] = self._last_event_id
                async with client.stream("GET", self._path, headers=headers) as response:
                    self.statuses.append(response.status_code)
                    kind = response.headers.get("content-type", "")
                    if response.status_code != 200 or not kind.startswith("text/event-stream"):
                        return heard
                    async for event in read_events(response):
                        heard.append(event)
                        self._last_event_id = str(event.id)
