"""What every gRPC server and client of ours does alike: errors, sign-in, deadlines, limits."""
