"""The networks: layers, normalization, encoder, generator, discriminator."""
