"""What the commands of the research bench share: options, tables."""
