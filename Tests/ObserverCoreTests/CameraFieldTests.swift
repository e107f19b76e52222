import Testing

@testable import ObserverCore

/// The table of fields, held against itself.
@Suite struct CameraFieldTests {
    @Test func `each field has a name and a column of its own`() {
        let names = CameraField.all.map(\.name)
        let columns = CameraField.all.compactMap(\.column)
        #expect(Set(names).count == names.count)
        #expect(Set(columns).count == columns.count)
        for field in CameraField.all {
            #expect(CameraField.named(field.name)?.key.description == field.name)
            #expect(!field.label.isEmpty, "\(field.name)")
            #expect(field.isWritable || field.isReadable, "\(field.name)")
        }
        #expect(CameraField.named("colour") == nil)
    }

    @Test func `the default of each field keeps its rules`() throws {
        for field in CameraField.all where field.null == .resets {
            let value = field.value(in: CameraSettings())
            let checked = try field.check(value, policy: .standard, defaults: CameraSettings())
            #expect(checked == value, "\(field.name)")
        }
    }

    @Test func `null resets to the defaults that are given`() throws {
        var defaults = CameraSettings()
        defaults.segmentSeconds = 42
        let fields: [String: FieldValue] = ["segment_seconds": .null]
        #expect(try CameraFields.patch(fields, policy: .standard, defaults: defaults)[\.segmentSeconds] == 42)
        let new: [String: FieldValue] = ["name": .string("A"), "location": .string("B"), "url": .string("rtsp://cam/")]
        #expect(try CameraFields.create(new, policy: .standard, defaults: defaults).settings.segmentSeconds == 42)
    }

    @Test func `a value is set in the member that it is read from`() throws {
        let values: [String: FieldValue] = [
            "name": .string("Gate"), "location_details": .string("Left"), "is_active": .bool(true),
            "segment_seconds": .integer(20), "transport": .string("udp"), "tags": .list([.string("a")]),
        ]
        let changes = try CameraFields.patch(values, policy: .standard)
        for field in CameraField.all {
            #expect(field.newValue(in: changes) == values[field.name], "\(field.name)")
        }
    }

    @Test(arguments: [
        ("rtsp://cam.example/2", false), ("rtsp://CAM.example:554/1", false), ("rtsp://cam.example:8554/1", true),
        ("rtsp://other.example/1", true), ("http://cam.example/1", true),
    ])
    func `an address on another server is told apart`(url: String, leadsElsewhere: Bool) {
        var settings = CameraSettings()
        settings.url = "rtsp://cam.example/1"
        let camera = Camera(
            id: CameraID(rawValue: 7),
            settings: settings,
            hasPassword: true,
            version: 1,
            createdAt: Timestamp(milliseconds: 0),
            updatedAt: Timestamp(milliseconds: 0)
        )
        var changes = CameraChanges()
        #expect(!changes.setsAddress && !changes.leadsElsewhere(than: camera))
        changes[\.url] = url
        #expect(changes.setsAddress)
        #expect(changes.leadsElsewhere(than: camera) == leadsElsewhere)
        // The password would be sent there too.
        var second = CameraChanges()
        second[\.subURL] = .some(nil)
        #expect(!second.setsAddress && !second.leadsElsewhere(than: camera))
        second[\.subURL] = url
        #expect(second.leadsElsewhere(than: camera) == leadsElsewhere)
    }
}
