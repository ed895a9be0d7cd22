"""The pipeline as one LangGraph state graph, and what drives it."""
