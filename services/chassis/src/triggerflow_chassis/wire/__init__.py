"""Map the JSON of docs/contract.md to protobuf and back, by hand: one module a resource.

To JSON and back gives an equal message; absent and empty stay apart wherever the contract keeps them apart. JSON that
goes in was checked against its schema before; free-form JSON travels as compact text.
"""
