"""The part of OpenAI's API that chat clients need."""
