"""All stories, by name."""

from __future__ import annotations

from tests.simulation import stories, stories_odd, stories_stores, stories_webhooks

STORIES = stories.STORIES

__all__ = ["STORIES", "stories_odd", "stories_stores", "stories_webhooks"]
