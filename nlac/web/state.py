"""What the routes share."""

from __future__ import annotations

from dataclasses import dataclass

from nlac.web.files.listing import is_listed
from nlac.web.files.open_files import OpenFiles
from nlac.web.files.refs import Audio, Refs, inside, missing
from nlac.web.files.rendering import Renderings
from nlac.web.files.store import Store
from nlac.web.settings import Settings
from nlac.web.work.jobs import Jobs

_RESEARCH_WORKERS = 2


@dataclass(frozen=True, slots=True)
class State:
    """The server's settings and what it holds.

    Attributes
    ----------
    settings : Settings
    store : Store
        Temporary files.
    jobs : Jobs
        Work in other processes.
    refs : Refs
        What refs name.
    files : OpenFiles
        Files that are looked at.
    renderings : Renderings
        Files that were decoded as a whole.
    research : Jobs
        Generation and training, which may take long and are not to hold up the others.
    """

    settings: Settings
    store: Store
    jobs: Jobs
    refs: Refs
    files: OpenFiles
    renderings: Renderings
    research: Jobs

    def close(self) -> None:
        """End all work and remove all temporary files."""
        self.research.close()
        self.jobs.close()
        self.files.close()
        self.store.close()


def make_state(settings: Settings) -> State:
    """Make what the routes share, and register refs of uploads and of the library."""
    store = Store(settings.store_limit_bytes)
    jobs = Jobs(settings.workers, settings.max_waiting)
    research = Jobs(_RESEARCH_WORKERS, settings.max_waiting)
    state = State(settings, store, jobs, Refs(), OpenFiles(), Renderings(store), research)

    def upload(entry_id: str) -> Audio:
        entry = state.store.find(entry_id)
        if entry is None or not entry.name:
            raise missing(f"upload:{entry_id}")
        return Audio(f"upload:{entry_id}", entry.folder / entry.name, entry.name)

    def library(relative: str) -> Audio:
        if settings.folder is None or not is_listed(relative):
            raise missing(f"library:{relative}")
        path = inside(settings.folder, relative)
        return Audio(f"library:{relative}", path, path.name)

    state.refs.register("upload", upload)
    state.refs.register("library", library)
    return state
