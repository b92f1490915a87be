"""The account over time: orders, positions, cash. numba kernels that all take one record, `state.SIM`.

`loop` runs the rows; at each, `actions` (splits, dividends, interest), `auction` (orders at one price, over all
symbols), `walk` (orders within a bar) and `closing` (what follows the close). `orders` keeps the living orders,
`trading` turns what an order may do into fills, `funds` says what the account can pay, `ledger` books.
"""
