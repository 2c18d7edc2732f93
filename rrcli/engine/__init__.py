"""From a request to an `Exchange`: contexts, events, attempts, hops, deadlines and verdicts."""
