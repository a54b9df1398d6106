#!/usr/bin/env python3
"""Compares this room's thumbnails with Pillow's (or vipsthumbnail's) over folders of pictures.

    compare.py PROGRAM FOLDER... [--json FILE] [--size N] [--list]

Every file that is, by its first bytes, of a format the room reads is given to both. A thumbnail must
have the size that the picture's proportions ask for, and be within a mean difference of 10 of 255 of
the reference: the picture decoded whole by Pillow, turned upright, converted to sRGB by its profile
(littleCMS), laid on white and resized by Lanczos. Where Pillow can't read it, or differs, what
vipsthumbnail makes counts too. Each deviation is printed; `exceptions.md` beside this script has the
known ones, each with its reason.
"""
import argparse, hashlib, io, json, os, subprocess, sys, tempfile, warnings
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy
from PIL import Image, ImageCms, ImageFile, ImageOps

Image.MAX_IMAGE_PIXELS = 100_000_000
ImageFile.LOAD_TRUNCATED_IMAGES = False
warnings.simplefilter("ignore")
SRGB = ImageCms.createProfile("sRGB")


def format_of(start):
    if start[:3] == b"\xff\xd8\xff": return "JPEG"
    if start[:8] == b"\x89PNG\r\n\x1a\n": return "PNG"
    if start[:6] in (b"GIF87a", b"GIF89a"): return "GIF"
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP": return "WebP"
    if start[:4] in (b"II*\0", b"MM\0*"): return "TIFF"
    if start[:2] == b"BM" and start[6:10] == b"\0\0\0\0": return "BMP"
    return None


def upright_rgb(image):
    """As a careful user of Pillow would: upright, sRGB, on white."""
    image = ImageOps.exif_transpose(image)
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I;16") or image.mode == "I":
        values = numpy.asarray(image).astype(float)
        image = Image.fromarray((values / 257 if values.max(initial=0) > 255 or True else values).clip(0, 255).astype("uint8"))
    if image.mode == "F":
        raise ValueError("floating point")
    if image.mode in ("1", "LA", "La", "PA") or image.mode == "P":
        image = image.convert("RGBA" if image.mode != "1" else "L")
    if image.mode == "RGBa":
        image = image.convert("RGBA")
    if image.mode == "L" and "transparency" in image.info or image.mode == "RGB" and "transparency" in image.info:
        image = image.convert("RGBA")
    if image.mode == "YCbCr" or image.mode == "LAB":
        image = image.convert("RGB") if image.mode == "YCbCr" else ImageCms.profileToProfile(image, ImageCms.createProfile("LAB"), SRGB, outputMode="RGB")
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    if profile and image.mode in ("RGB", "RGBA", "L", "CMYK"):
        try:
            base = image.convert("RGB") if image.mode == "RGBA" else image
            image = ImageCms.profileToProfile(base, ImageCms.ImageCmsProfile(io.BytesIO(profile)), SRGB, outputMode="RGB")
            if alpha is not None:
                image.putalpha(alpha)
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass
    if image.mode == "RGBA":
        return image
    return image.convert("RGB")


def on_white(image):
    ground = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return Image.alpha_composite(ground, image.convert("RGBA")).convert("RGB")


def reference(path, box):
    with Image.open(path) as image:
        image.load()
        full = upright_rgb(image)
        width, height = full.size
        scale = min(box / width, box / height, 1)
        size = max(1, int(width * scale + 0.5)), max(1, int(height * scale + 0.5))
        return on_white(full.resize(size, Image.LANCZOS)), (width, height)


def vips(path, box, folder):
    """What vipsthumbnail makes.

    Without --export-profile: with it, a picture without a profile goes from sRGB to the table of
    libvips' own sRGB profile, and pure red comes out as (248, 26, 16). What a picture's own profile
    says is done afterwards, as for Pillow.
    """
    stem = os.path.join(folder, hashlib.md5(path.encode()).hexdigest())
    kind = subprocess.run(["vipsheader", "-f", "format", path], capture_output=True, text=True, timeout=60)
    if "FORMAT_UINT)" in kind.stdout:
        # It would cut samples of 32 bits off at 255; all others it scales.
        scale = ["vips", "linear", path, stem + ".tif", str(2.0 ** -24), "0", "--uchar"]
        subprocess.run(scale, capture_output=True, timeout=60)
        path = stem + ".tif"
    out = stem + ".png"
    run = subprocess.run(["vipsthumbnail", path, "--size", f"{box}x{box}>", "-o", out],
                         capture_output=True, timeout=60)
    if run.returncode or not os.path.exists(out):
        return None
    with Image.open(out) as image:
        return on_white(upright_rgb(image))


def difference(a, b):
    if a.size != b.size:
        return None
    return float(numpy.abs(numpy.asarray(a, dtype=int) - numpy.asarray(b, dtype=int)).mean())


def examine(job):
    path, ours, box, folder = job
    found = {"path": path, "ours": ours is not None}
    try:
        theirs, found["full"] = reference(path, box)
        found["pillow"] = True
    except Exception as error:
        theirs, found["pillow"], found["why"] = None, False, f"{type(error).__name__}: {error}"[:120]
    try:
        mine = on_white(Image.open(ours)) if ours else None
    except Exception as error:
        return found | {"ours": False, "error": str(error)}
    if mine is not None:
        found["size"] = mine.size
        found["mode"] = "?"
        if theirs is not None:
            found["size_pillow"] = theirs.size
            found["diff_pillow"] = difference(mine, theirs)
    bad = mine is None or theirs is None or found.get("diff_pillow") is None or found["diff_pillow"] > 3
    if bad:
        try:
            other = vips(path, box, folder)
        except Exception:
            other = None
        found["vips"] = other is not None
        if other is not None and mine is not None:
            found["size_vips"] = other.size
            found["diff_vips"] = difference(mine, other)
        if other is not None and theirs is not None:
            found["between"] = difference(theirs, other)
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--json")
    parser.add_argument("--flag", action="append", default=[])
    parser.add_argument("--formats", default="JPEG,PNG,GIF,WebP,TIFF,BMP")
    args = parser.parse_args()
    formats = args.formats.split(",")
    paths, seen = [], set()
    for folder in args.folders:
        for root, folders, files in os.walk(folder):
            folders.sort()
            for name in sorted(files):
                path = os.path.abspath(os.path.join(root, name))
                if not os.path.isfile(path) or os.path.islink(path): continue
                with open(path, "rb") as file:
                    start = file.read(12)
                    if format_of(start) not in formats: continue
                    digest = hashlib.md5(start + file.read()).digest()
                if digest not in seen:
                    seen.add(digest)
                    paths.append(path)
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run([args.program, "-", "-o", folder + "/out", "--json", "-0", "-s", str(args.size), "-f", "png", *args.flag],
                             input="\0".join(paths).encode(), capture_output=True)
        made, failed = {}, {}
        for line in run.stdout.splitlines():
            line = json.loads(line)
            if line.get("status") in ("made", "damaged"): made[line["source"]] = (line["output"], line.get("damage"))
            elif line.get("status") == "failed": failed[line["source"]] = line["reason"]
        jobs = [(path, made.get(path, (None,))[0], args.size, folder) for path in paths]
        with ProcessPoolExecutor(2) as pool:
            results = list(pool.map(examine, jobs, chunksize=16))
    readable = [it for it in results if it["pillow"] or it.get("vips")]
    tally = {}
    for it in results:
        it["reason"] = failed.get(it["path"])
        it["damage"] = made.get(it["path"], (None, None))[1]
        with open(it["path"], "rb") as file: kind = format_of(file.read(12))
        diffs = [d for d in (it.get("diff_pillow"), it.get("diff_vips")) if d is not None]
        it["best"] = min(diffs, default=None)
        it["kind"] = kind
        row = tally.setdefault(kind, {"files": 0, "readable": 0, "made": 0, "size": 0, "over3": 0, "over10": 0, "sum": 0.0, "diffs": 0})
        row["files"] += 1
        if not (it["pillow"] or it.get("vips")): continue
        row["readable"] += 1
        if not it["ours"]: continue
        row["made"] += 1
        if it["best"] is None: row["size"] += 1
        else:
            row["sum"] += it["best"]; row["diffs"] += 1
            row["over3"] += it["best"] > 3
            row["over10"] += it["best"] > 10
    for it in results:
        readable = it["pillow"] or it.get("vips")
        short = it["path"]
        if readable and not it["ours"]: print("NOT MADE", short, it["reason"], "" if it["pillow"] else "(pillow can't)")
        elif readable and it["best"] is None: print("SIZE", short, it.get("size"), "pillow", it.get("size_pillow"), "vips", it.get("size_vips"))
        elif readable and it["best"] > 3: print(f"DIFF {it['best']:.1f}", short, "pillow", it.get("diff_pillow"), "vips", it.get("diff_vips"), "between", it.get("between"), it["damage"] or "")
    for kind, row in sorted(tally.items()):
        print(kind, row | {"mean": round(row["sum"] / max(1, row["diffs"]), 3)})
    if args.json: json.dump(results, open(args.json, "w"), indent=1)
    for line in run.stderr.decode(errors="replace").splitlines()[-1:]: print(line)


if __name__ == "__main__":
    main()
