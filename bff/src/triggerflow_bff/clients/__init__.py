"""Ask the services over gRPC, and get JSON. Only these modules know the generated code."""
