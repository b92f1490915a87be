"""Trading between message and value: orders, holdings, risk, deployments. Numbers equal the contract's throughout."""
