"""Views in the forms that people look at: pages, pictures, notebooks, thumbnails."""
