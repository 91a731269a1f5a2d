"""What is needed to run Apache Kafka itself: its artefacts by Maven, and the settings of its log."""
