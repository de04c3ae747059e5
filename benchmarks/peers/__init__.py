"""Other ways to the same bullets, each as a small service of its own, measured beside ours.

`python -m benchmarks.peers` runs it. `scenes` says what is asked, `answers` what the model writes, `model` plays it;
`catalogue` names the peers, `environments` makes what they need, `starting` runs them, `meter` reads what they cost;
`asking` and `client` ask and listen, `deliveries` finds the items in what came; `trial` puts one peer through one
scene, `rounds` all of them in turns; `results` keeps what was measured, `figures` compares, `goals` judges; `table`,
`plot` and `chapter` show.
"""
