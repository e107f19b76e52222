/// The parts of `/openapi.json` that operations refer to.
enum OpenAPISchemas {
    static let components = #"""
        {
          "securitySchemes": {
            "token": {"type": "http", "scheme": "bearer"},
            "cookie": {
              "type": "apiKey",
              "in": "cookie",
              "name": "observer_session",
              "description": "Of a browser; _PORT follows where the address has a port, __Host- precedes under https. What changes something also carries X-CSRF-Token"
            }
          },
          "parameters": {
            "id": {
              "name": "id",
              "in": "path",
              "description": "The camera",
              "schema": {"type": "integer", "minimum": 1},
              "required": true
            },
            "segment": {
              "name": "id",
              "in": "path",
              "description": "The segment",
              "schema": {"type": "string", "format": "uuid"},
              "required": true
            },
            "q": {
              "name": "q",
              "in": "query",
              "description": "Part of the name, the place or a tag",
              "schema": {"type": "string"}
            },
            "tag": {"name": "tag", "in": "query", "description": "A tag it has", "schema": {"type": "string"}},
            "state": {
              "name": "state",
              "in": "query",
              "description": "What it is doing",
              "schema": {"enum": ["off", "pending", "connecting", "recording", "retrying", "unassigned"]}
            },
            "ids": {
              "name": "ids",
              "in": "query",
              "description": "Only these cameras: their numbers with commas between",
              "schema": {"type": "string", "pattern": "^[0-9]+(,[0-9]+)*$"}
            },
            "limit": {
              "name": "limit",
              "in": "query",
              "description": "The length of a page",
              "schema": {"type": "integer", "minimum": 1, "maximum": 500, "default": 500}
            },
            "after": {
              "name": "after",
              "in": "query",
              "description": "The last one of the page before",
              "schema": {"type": "integer", "minimum": 0}
            },
            "after-segment": {
              "name": "after",
              "in": "query",
              "description": "The last one of the page before",
              "schema": {"type": "string", "format": "uuid"}
            },
            "from": {
              "name": "from",
              "in": "query",
              "description": "Only what ends after this",
              "schema": {"type": "string", "format": "date-time"}
            },
            "to": {
              "name": "to",
              "in": "query",
              "description": "Only what starts before this",
              "schema": {"type": "string", "format": "date-time"}
            },
            "recordings": {
              "name": "recordings",
              "in": "query",
              "description": "Not supported yet: answered with 422",
              "schema": {"const": "delete"}
            },
            "t": {
              "name": "t",
              "in": "query",
              "description": "Anything; makes the answer cacheable",
              "schema": {"type": "string"}
            },
            "if-match": {
              "name": "If-Match",
              "in": "header",
              "description": "The ETag that was read; another version is answered with 412",
              "schema": {"type": "string"}
            }
          },
          "schemas": {
            "Camera": {
              "type": "object",
              "properties": {
                "id": {"type": "integer"},
                "name": {"type": "string"},
                "location": {"type": "string"},
                "location_details": {"type": ["string", "null"]},
                "url": {"type": "string"},
                "username": {"type": ["string", "null"]},
                "is_active": {"type": "boolean"},
                "version": {"type": "integer"},
                "segment_seconds": {"type": "integer"},
                "transport": {"enum": ["auto", "tcp", "udp"]},
                "audio": {"enum": ["off", "copy"]},
                "retention_days": {"type": "integer"},
                "priority": {"type": "integer"},
                "tags": {"type": "array", "items": {"type": "string"}},
                "status": {"$ref": "#/components/schemas/Status"},
                "created_at": {"type": "string", "format": "date-time"},
                "updated_at": {"type": "string", "format": "date-time"}
              },
              "required": [
                "id", "name", "location", "location_details", "url", "username", "is_active", "version",
                "segment_seconds", "transport", "audio", "retention_days", "priority", "tags", "status", "created_at",
                "updated_at"
              ],
              "additionalProperties": false
            },
            "Cameras": {"type": "array", "items": {"$ref": "#/components/schemas/Camera"}},
            "Status": {
              "type": "object",
              "properties": {
                "state": {"enum": ["off", "pending", "connecting", "recording", "retrying", "unassigned"]},
                "since": {"type": "string", "format": "date-time"},
                "cause": {
                  "enum": [
                    "unreachable", "refused", "unauthorized", "not_found", "no_video", "stalled", "bad_stream",
                    "disk_full", "no_recorder", "dns", null
                  ]
                },
                "detail": {"type": ["string", "null"]},
                "recorder": {"type": ["string", "null"]},
                "last_frame_at": {"type": ["string", "null"], "format": "date-time"},
                "video": {"oneOf": [{"$ref": "#/components/schemas/Video"}, {"type": "null"}]},
                "reconnects": {"type": "integer"},
                "backlog_seconds": {"type": "number"}
              },
              "required": [
                "state", "since", "cause", "detail", "recorder", "last_frame_at", "video", "reconnects",
                "backlog_seconds"
              ],
              "additionalProperties": false
            },
            "Video": {
              "type": "object",
              "properties": {
                "codec": {"type": "string"},
                "width": {"type": "integer"},
                "height": {"type": "integer"},
                "fps": {"type": "number"},
                "bitrate": {"type": "integer"}
              },
              "required": ["codec", "width", "height", "fps", "bitrate"],
              "additionalProperties": false
            },
            "NewCamera": {
              "type": "object",
              "properties": {
                "name": {"type": "string", "minLength": 1, "maxLength": 100},
                "location": {"type": "string", "minLength": 1, "maxLength": 100},
                "location_details": {"type": ["string", "null"], "maxLength": 500},
                "url": {
                  "type": "string",
                  "maxLength": 2048,
                  "description": "rtsp, rtsps, http, https, rtmp or rtmps; user name and password go apart"
                },
                "username": {"type": ["string", "null"], "maxLength": 128},
                "password": {"type": ["string", "null"], "maxLength": 256, "writeOnly": true},
                "is_active": {"type": "boolean", "default": false, "description": "The switch: what is wanted"},
                "segment_seconds": {"type": ["integer", "null"], "minimum": 2, "maximum": 300, "default": 10},
                "transport": {"enum": ["auto", "tcp", "udp", null], "default": "tcp"},
                "audio": {"enum": ["off", "copy", null], "default": "off"},
                "retention_days": {"type": ["integer", "null"], "minimum": 1, "maximum": 3650, "default": 30},
                "priority": {"type": ["integer", "null"], "minimum": -100, "maximum": 100, "default": 0},
                "tags": {
                  "type": ["array", "null"],
                  "maxItems": 20,
                  "items": {"type": "string", "minLength": 1, "maxLength": 40}
                }
              },
              "required": ["name", "location", "url"],
              "additionalProperties": false
            },
            "CameraChange": {
              "type": "object",
              "properties": {
                "name": {"type": "string", "minLength": 1, "maxLength": 100},
                "location": {"type": "string", "minLength": 1, "maxLength": 100},
                "location_details": {"type": ["string", "null"], "maxLength": 500},
                "url": {
                  "type": "string",
                  "maxLength": 2048,
                  "description": "rtsp, rtsps, http, https, rtmp or rtmps; user name and password go apart"
                },
                "username": {"type": ["string", "null"], "maxLength": 128},
                "password": {"type": ["string", "null"], "maxLength": 256, "writeOnly": true},
                "is_active": {"type": "boolean", "default": false, "description": "The switch: what is wanted"},
                "segment_seconds": {"type": ["integer", "null"], "minimum": 2, "maximum": 300, "default": 10},
                "transport": {"enum": ["auto", "tcp", "udp", null], "default": "tcp"},
                "audio": {"enum": ["off", "copy", null], "default": "off"},
                "retention_days": {"type": ["integer", "null"], "minimum": 1, "maximum": 3650, "default": 30},
                "priority": {"type": ["integer", "null"], "minimum": -100, "maximum": 100, "default": 0},
                "tags": {
                  "type": ["array", "null"],
                  "maxItems": 20,
                  "items": {"type": "string", "minLength": 1, "maxLength": 40}
                }
              },
              "additionalProperties": false
            },
            "Switch": {
              "type": "object",
              "properties": {"is_active": {"type": "boolean"}},
              "required": ["is_active"],
              "additionalProperties": false
            },
            "Segment": {
              "type": "object",
              "properties": {
                "id": {"type": "string", "format": "uuid"},
                "camera_id": {"type": "integer"},
                "started_at": {"type": "string", "format": "date-time"},
                "duration_ms": {"type": "integer"},
                "bytes": {"type": "integer"},
                "sha256": {"type": "string"},
                "state": {"enum": ["spooled", "stored", "failed", "expired", "lost"]},
                "codecs": {"type": "string"},
                "width": {"type": "integer"},
                "height": {"type": "integer"},
                "has_audio": {"type": "boolean"},
                "stream": {"enum": ["main", "sub"]},
                "frames": {"type": "integer"},
                "flags": {"type": "array", "items": {"type": "string"}},
                "epoch": {"type": "integer"},
                "object_key": {"type": "string"},
                "tries": {"type": "integer"},
                "error": {"type": ["string", "null"]}
              },
              "required": [
                "id", "camera_id", "started_at", "duration_ms", "bytes", "sha256", "state", "codecs", "width",
                "height", "has_audio", "stream", "frames", "flags", "epoch", "object_key", "tries", "error"
              ],
              "additionalProperties": false
            },
            "Segments": {"type": "array", "items": {"$ref": "#/components/schemas/Segment"}},
            "Problem": {
              "type": "object",
              "properties": {
                "type": {"type": "string"},
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "detail": {"type": "string"},
                "errors": {
                  "type": "object",
                  "additionalProperties": {"type": "string"},
                  "description": "What is wrong with each field"
                }
              },
              "required": ["type", "title", "status", "detail"],
              "additionalProperties": false
            },
            "Live": {
              "type": "object",
              "properties": {"status": {"const": "live"}},
              "required": ["status"],
              "additionalProperties": false
            },
            "Check": {
              "type": "object",
              "properties": {"ok": {"type": "boolean"}, "detail": {"type": "string"}},
              "required": ["ok", "detail"],
              "additionalProperties": false
            },
            "Ready": {
              "type": "object",
              "properties": {
                "status": {"enum": ["ready", "not ready"]},
                "checks": {
                  "type": "object",
                  "properties": {
                    "database": {"$ref": "#/components/schemas/Check"},
                    "broker": {"$ref": "#/components/schemas/Check"},
                    "storage": {"$ref": "#/components/schemas/Check"},
                    "spool": {"$ref": "#/components/schemas/Check"}
                  },
                  "required": ["database", "broker", "storage", "spool"],
                  "additionalProperties": false
                }
              },
              "required": ["status", "checks"],
              "additionalProperties": false
            },
            "Document": {"type": "object"},
            "Up": {"const": "UP"},
            "Bytes": {"type": "string", "format": "binary"}
          }
        }
        """#
}
