"""Stands where the published folder has its own modelling code: nobody may run it."""

raise RuntimeError("remote code was run")
