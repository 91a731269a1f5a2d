"""Events over Kafka: Avro records, a producer that keeps the order of a key, a bus that consumes without a group.

Nothing outside imports confluent_kafka or fastavro, and local mode imports nothing of this package.
"""
