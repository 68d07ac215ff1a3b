"""One module for each way of doing the job: `run(inputs, outputs)`. None of them imports another."""
