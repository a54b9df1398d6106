# Thumbnails of a folder by Pillow in a pool of processes, and how many there are then.
# Arguments: the folder of pictures, the folder for thumbnails, how many workers.
import multiprocessing
import pathlib
import sys

from PIL import Image, ImageOps

SIZE = (256, 256)


def make(job):
    source, target = job
    with Image.open(source) as picture:
        # JPEGs are decoded at reduced scale.
        picture.draft("RGB", SIZE)
        picture = ImageOps.exif_transpose(picture)
        picture.thumbnail(SIZE, Image.Resampling.LANCZOS)
        picture.convert("RGB").save(target, quality=80)


if __name__ == "__main__":
    pictures, thumbnails, workers = sys.argv[1:]
    folder = pathlib.Path(thumbnails)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    jobs = [(path, folder / (path.stem + ".jpg")) for path in sorted(pathlib.Path(pictures).iterdir())]
    with multiprocessing.Pool(int(workers)) as pool:
        for _ in pool.imap_unordered(make, jobs):
            pass
    print(len(list(folder.iterdir())))
