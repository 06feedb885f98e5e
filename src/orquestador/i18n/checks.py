"""Findings about this machine: title, what it means, what to do."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    # --- what only `doctor` looks at ---
    "invalid_setting": ("{setting}: {problem}", "{setting}: {problem}"),
    "invalid_setting.means": ("El servicio no arranca así.", "The service does not start like this."),
    "invalid_setting.do": ("Por ejemplo: {setting}={example}", "For example: {setting}={example}"),
    "env_file_missing": (
        "No hay .env en {path}: los ajustes vienen solo del entorno",
        "There is no .env in {path}: the settings come from the environment alone",
    ),
    "data_dir_readable": (
        "Otros usuarios pueden leer {path} ({mode})",
        "Other users can read {path} ({mode})",
    ),
    "data_dir_readable.means": ("Guarda pedidos y registros.", "It keeps orders and logs."),
    "data_dir_readable.do": ("chmod 700 {path}", "chmod 700 {path}"),
    "data_dir_not_writable": ("No se puede escribir en {path}", "{path} cannot be written to"),
    "data_dir_not_writable.means": (
        "El servicio no puede guardar nada.",
        "The service cannot keep anything.",
    ),
    "data_dir_not_writable.do": (
        "Dé al usuario del servicio permiso de escritura, o cambie DATA_DIR.",
        "Give the service's user the right to write, or change DATA_DIR.",
    ),
    "data_dir_ok": ("Carpeta de datos {path}: bien", "Data folder {path}: fine"),
    "disk_low": ("Quedan {free_mb} MB libres en {path}", "{free_mb} MB are free at {path}"),
    "disk_low.means": (
        "Sin espacio no se puede confirmar ningún webhook.",
        "Without space no webhook can be acknowledged.",
    ),
    "disk_low.do": (
        "Libere espacio o mueva DATA_DIR a otro disco.",
        "Free some space or move DATA_DIR to another disk.",
    ),
    "disk_ok": ("Quedan {free_mb} MB libres", "{free_mb} MB are free"),
    "service_running": ("El servicio responde en {url}", "The service answers at {url}"),
    "service_silent": (
        "Algo acepta conexiones en {url} y no responde",
        "Something accepts connections at {url} and does not answer",
    ),
    "service_silent.means": (
        "El servicio está atascado, u otro programa usa ese puerto.",
        "The service is stuck, or another program uses that port.",
    ),
    "service_silent.do": (
        "Vea sus registros y reinícielo; o cambie PORT en .env.",
        "See its log and restart it; or change PORT in .env.",
    ),
    "service_not_running": ("El servicio no está corriendo ({url})", "The service is not running ({url})"),
    "service_not_running.means": (
        "Nadie recibe webhooks ni mueve stock en este momento.",
        "Nobody receives webhooks or moves stock right now.",
    ),
    "service_not_running.do": ("Arránquelo: orquestador up.", "Start it: orquestador up."),
}
