"""A plain page that looks like one, for sites of the tests."""

PAGE = """<!DOCTYPE html><meta charset="utf-8"><title>%(title)s</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:38em;margin:3em auto;padding:0 1em;color:#222}
a{display:inline-block;background:#0b57a4;color:#fff;padding:.5em 1.2em;border-radius:.4em;text-decoration:none}</style>
<h1>%(title)s</h1><p>%(text)s</p>"""
