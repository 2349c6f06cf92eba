"""Commands while it runs: run, watch, recover, bench, proxy, doctor."""
