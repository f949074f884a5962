"""Derives src/report/html/assets/world.txt from Natural Earth's country outlines (public domain), as the npm package
world-atlas 2.0.2 carries them: countries-110m.json for shapes, countries-50m.json for the places of countries too
small for it; codes.json of i18n-iso-countries for the two-letter codes."""
import json, math, sys

labels = {}

def load(path):
    topo = json.load(open(path))
    (sx, sy), (tx, ty) = topo["transform"]["scale"], topo["transform"]["translate"]
    arcs = []
    for arc in topo["arcs"]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x += dx; y += dy
            points.append((x * sx + tx, y * sy + ty))
        arcs.append(points)
    def ring(ids):
        out = []
        for i in ids:
            points = arcs[i] if i >= 0 else arcs[~i][::-1]
            out += points[1:] if out else points
        return out
    found = {}
    for g in topo["objects"]["countries"]["geometries"]:
        polygons = [g["arcs"]] if g["type"] == "Polygon" else g.get("arcs", [])
        key = g.get("id") or g["properties"]["name"]
        labels.setdefault(key, g["properties"]["name"])
        found.setdefault(key, []).extend(ring(p[0]) for p in polygons)
    return found

def project(lon, lat):
    # Natural Earth projection (Patterson; polynomial by Savric, Jenny, Patterson), width 1000.
    p = math.radians(lat)
    x = math.radians(lon) * (0.8707 - 0.131979 * p**2 - 0.013791 * p**4 + 0.003971 * p**10 - 0.001529 * p**12)
    y = p * (1.007226 + 0.015085 * p**2 - 0.044475 * p**6 + 0.028874 * p**8 - 0.005916 * p**10)
    k = 1000 / (2 * math.pi * 0.8707)
    return 500 + k * x, TOP - k * y

TOP = 0
TOP = -project(0, 84)[1]

def pieces(ring):
    """The ring cut at the 180th meridian: world-atlas joins what lies on both sides of it."""
    whole = [ring[0]]
    for lon, lat in ring[1:]:
        while lon - whole[-1][0] > 180: lon -= 360
        while lon - whole[-1][0] < -180: lon += 360
        whole.append((lon, lat))
    parts = []
    for shift in (-360, 0, 360):
        part = [(lon + shift, lat) for lon, lat in whole]
        for edge, sign in ((-180, 1), (180, -1)):
            kept = []
            for a, b in zip(part, part[1:] + part[:1]):
                ina, inb = sign * (a[0] - edge) >= 0, sign * (b[0] - edge) >= 0
                if ina: kept.append(a)
                if ina != inb:
                    t = (edge - a[0]) / (b[0] - a[0])
                    kept.append((edge, a[1] + t * (b[1] - a[1])))
            part = kept
            if not part: break
        if len(part) > 2: parts.append(part)
    return parts

def area(points):
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(points, points[1:] + points[:1]))) / 2

def centre(points):
    a = cx = cy = 0
    for (x0, y0), (x1, y1) in zip(points, points[1:] + points[:1]):
        c = x0 * y1 - x1 * y0
        a += c; cx += (x0 + x1) * c; cy += (y0 + y1) * c
    if abs(a) < 1e-9:
        return points[0]
    return cx / (3 * a), cy / (3 * a)

def simple(points, tolerance):
    # Douglas-Peucker on an open line.
    if len(points) < 3:
        return points
    (x0, y0), (x1, y1) = points[0], points[-1]
    length = math.hypot(x1 - x0, y1 - y0)
    def off(p):
        if length == 0:
            return math.hypot(p[0] - x0, p[1] - y0)
        return abs((x1 - x0) * (y0 - p[1]) - (x0 - p[0]) * (y1 - y0)) / length
    worst = max(range(1, len(points) - 1), key=lambda i: off(points[i]))
    if off(points[worst]) <= tolerance:
        return [points[0], points[-1]]
    return simple(points[:worst + 1], tolerance)[:-1] + simple(points[worst:], tolerance)

def path(points):
    points = [(round(x), round(y)) for x, y in points]
    text, (x, y) = f"M{points[0][0]},{points[0][1]}l", points[0]
    steps = []
    for px, py in points[1:]:
        if (px, py) != (x, y):
            steps.append(f"{px - x},{py - y}")
            x, y = px, py
    return text + " ".join(steps).replace(" -", "-").replace(",-", "-") + "z" if len(steps) > 2 else ""

codes = {numeric: two for two, three, numeric, *_ in json.load(open(sys.argv[3]))}
shapes, places = load(sys.argv[1]), load(sys.argv[2])
names = {"Kosovo": "XK", "N. Cyprus": "", "Somaliland": ""}
code = lambda key: names.get(key) if key in names else codes.get(str(key).zfill(3), "")
lines, seen = [], set()
for key, rings in list(shapes.items()) + [(k, v) for k, v in places.items() if code(k) and code(k) not in {code(s) for s in shapes}]:
    two = code(key)
    if two == "AQ" or two is None:
        continue
    drawn = [[project(*p) for p in part] for r in rings for part in pieces(r)]
    largest = max(drawn, key=area)
    cx, cy = centre(largest)
    d = ""
    if key in shapes:
        for r in sorted(drawn, key=area, reverse=True):
            half = len(r) // 2
            r = simple(r[:half + 1], 0.35)[:-1] + simple(r[half:], 0.35)
            if area(r) >= 1.2 or r is drawn[0]:
                d += path(r)
    if two in seen or not (two or d):
        continue
    if two:
        seen.add(two)
    label = f"{two}\t{labels[key]}" if two else "\t"
    lines.append(f"{label}\t{round(cx)}\t{round(cy)}\t{d}")
lines.sort()
print("\n".join(lines))
