"""Orquestador beside the original design (NestJS, Bull, mongoose): `python -m bench.peers`."""
