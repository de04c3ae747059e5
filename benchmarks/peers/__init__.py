"""Other ways to the same bullets, each as a small service of its own, measured beside ours: `python -m benchmarks.peers`.

`scenes` says what is asked, `answers` what the model writes, `upstream` plays it; `catalogue` names the peers,
`environments` makes what they need, `service` runs one, `meter` reads what it costs; `client` listens, `deliveries`
finds the items in what came, `trial` puts one peer through one scene, `rounds` all of them in turns; `results` keeps
the figures, `table` and `plot` show them.
"""
