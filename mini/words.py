"""The word lists from which `corpus` builds the invented world that the bundled model is trained on."""

# ruff: noqa: SIM905 (a long list of words reads better as a text)

from __future__ import annotations

FIRST_NAMES = """
Ada Adam Agnes Aiko Akira Alba Aldo Alice Amara Amir Ana Anders Andrea Anil Anna Anton Arjun Astrid Aylin Bao Bashir Beata Ben
Bianca Bjorn Bogdan Boris Brigitte Bruno Carla Carlos Cecilia Chen Chidi Chloe Claire Clara Cora Cyril Dagmar Dalia Daniel Daria
David Deniz Diego Dina Dmitri Dora Edith Edgar Elena Elif Elin Elsa Emeka Emil Emma Enzo Erik Esra Esther Eva Fabio Farah Fatima
Felix Femi Filip Fiona Flora Frank Freya Gabor George Greta Gustav Hana Hannah Hans Harald Hassan Helen Henrik Hiro Hugo Ian Ibrahim
Ida Igor Ilse Imran Ines Ingrid Irene Iris Isla Ivan Ivo Jack Jakub Jamal James Jana Jelena Jens Joao Johan Jonas Josef Juan Julia
Kai Karin Karl Katya Kemal Kenji Kira Klaus Kofi Laila Lars Laura Lena Leo Leon Liam Lin Linda Lisa Lucas Lucia Luis Luka Maja Malik
Manuel Marco Marek Maria Mark Mateo Max Maya Mehmet Mei Mia Miguel Mila Milan Mira Mohamed Mona Nadia Naomi Natalia Nico Nils Nina
Noah Nora Olaf Olga Oliver Omar Oscar Otto Pablo Paul Pavel Pedro Petra Philip Pia Priya Rafael Rana Ravi Rebecca Renata Rita Robert
Rosa Ruben Ruth Sami Samuel Sandra Sara Selma Sergei Silvia Simon Sofia Stefan Sven Tamar Tara Tariq Tess Theo Thomas Tim Tina Tomas
Ulla Uma Vera Victor Vikram Viola Walter Wanda Wei Willem Xenia Yara Yasmin Yuki Yusuf Zara Zoe Zofia
""".split()

SURNAME_STARTS = """
Abra Adeb Al Ander Bal Bar Ber Berg Bianc Bla Bor Bran Bu Cal Car Cast Chau Cor Da Del Dom Dra Du Eben Eg Fal Far Fer Fis Fon Ga
Gar Gold Gon Gra Grun Gu Ha Hal Har Hoff Hol Hu Ibr Il Iva Jan Jar Joh Ka Kal Kam Kaz Kim Kir Kle Kov Kra Kuz La Lan Lind Lo Lor
Ma Mar Mat Men Mey Mo Mor Mul Na Nak Nel Ng No Nov Oh Ok Ol Or Os Pa Pav Per Pet Pol Pra Qui Ra Ram Rei Ro Ros Ru Sa San Sch Sel Sha
Sil Sol Ste Stra Sud Sza Ta Tan Ter Tho To Tor Tra Ud Va Vas Ver Vi Vol Wa Wal We Wil Wo Ya Yam Za Zel Zie
""".split()

SURNAME_MIDDLES = "a e i o u an ar el en er in ir on or un al il ev ov ek ik ad am at iz ow ch st mi na ra to ko la ni vi wa".split()

SURNAME_ENDS = """
ski ska wicz czyk sen son mann berg stein ez es o i a ini etti ova ov ev enko uk ic vic nen la kov son dottir oglu man er er ler
ner ton ley ham ford well er ura moto shi ta da mi yan ian idis os ou iou eau et ard in ault u escu dze shvili an har nath kar
wala ni bi ande eke ola ike
""".split()

SYLLABLES = """
ba be bi bo bra bri bu ca ce chi cho co cra da de di do dra du el en fa fe fi flo fo fra ga ge gi gli go gra gu ha he hi ho hu is ja
jo ju ka ke ki ko kra ku la le li lo lu ma me mi mo mu na ne ni no nu or pa pe phi pi po pra pu qua ra re ri ro ru sa sha se si ska so
spi sta su ta te thi ti to tra tu un va ve vi vo wa we wi xa ya yo za ze zi zo zu
""".split()

CODAS = ["", "", "", "", "n", "r", "s", "l", "x", "m", "t", "nd", "rk", "th", "ck", "sh", "z"]

# Names that sound like words: pets, products, rooms, projects.
COINED = """
Amber Anchor Apple Arrow Aspen Atlas Aurora Badger Bamboo Banjo Basil Beacon Bear Berry Birch Bison Blossom Blue Bolt Breeze Bridge
Bubble Button Cactus Canyon Caramel Castle Cedar Cherry Chestnut Cinnamon Cloud Clover Cobalt Comet Compass Copper Coral Cosmos Cricket
Crystal Daisy Dakota Dawn Delta Diamond Dolphin Domino Dragon Dune Eagle Echo Eclipse Ember Emerald Falcon Feather Fern Fiddle Finch
Flint Forest Fox Frost Galaxy Garnet Ginger Glacier Granite Harbor Hazel Heron Honey Horizon Indigo Iris Island Ivory Jade Jasper Jelly
Juniper Kernel Kestrel Lagoon Lantern Lark Lava Lemon Lily Lion Lotus Lunar Magnet Mango Maple Marble Meadow Mercury Meteor Mint Mocha
Moon Mosaic Moss Mountain Muffin Nebula Nectar Noodle North Nova Nutmeg Oak Oasis Ocean Olive Onyx Opal Orbit Orchid Otter Owl Panda
Panther Paprika Pearl Pebble Penguin Pepper Phoenix Pickle Pine Pixel Planet Plum Polar Poppy Prairie Prism Pumpkin Quartz Quill Rabbit
Rain Raven Reef Ridge River Robin Rocket Ruby Saffron Sage Salmon Sapphire Saturn Scout Shadow Sierra Silver Sky Smoky Snow Socks Solar
Spark Sparrow Spruce Star Stone Storm Sugar Summit Sun Swan Thistle Thunder Tiger Toffee Topaz Tulip Tundra Turtle Velvet Violet Waffle
Walnut Wave Whale Whisper Willow Winter Wolf Yarrow Zebra Zenith Zephyr
""".split()

ADJECTIVES = """
old new big small main second third last next first red green blue white black yellow grey brown orange purple pink quick slow heavy
light long short high low open closed public private internal external local remote daily weekly monthly yearly early late empty full
broken fresh clean dirty warm cold hot dry wet quiet loud safe secret shared common special simple important urgent official final
temporary electric digital wooden metal plastic paper glass northern southern eastern western upper lower left right outer inner spare
central mobile modern French German Polish Spanish Italian Japanese Turkish Danish English
""".split()

# Things one can have, use, keep and look after.
THINGS = """
printer scanner laptop computer screen monitor keyboard mouse phone headset camera projector router switch server database website
newsletter blog calendar wiki handbook manual guide report invoice contract budget ticket form questionnaire survey checklist archive
backup repository branch pipeline dashboard alert log queue cache proxy firewall certificate key card badge locker door gate window lift
kitchen fridge freezer dishwasher oven toaster kettle microwave coffee_machine water_filter cupboard shelf drawer cabinet desk chair
lamp heater fan thermostat radiator boiler generator battery charger cable adapter plug bicycle car van truck trailer boat garage garden
lawn mower ladder hammer drill saw toolbox first_aid_kit fire_extinguisher alarm sensor meter pump valve filter engine machine robot
oven_timer plant tree greenhouse fountain aquarium library bookshelf magazine map poster sign flag stamp envelope parcel package letter
mailbox order delivery shipment warehouse pallet container stock catalogue price_list discount voucher receipt payment salary bonus
expense_report tax_form insurance licence permit passport visa travel_request hotel flight train bus taxi parking_space meeting_room
lecture lesson course exam workshop conference party picnic concert match race festival exhibition interview demo release sprint review
test_suite build compiler editor plugin library_card app_store mobile_app web_shop search_index mail_server test_server
build_server file_server print_server chat_bot help_desk reception gym sauna pool playground clinic pharmacy bakery canteen cafe
restaurant menu recipe soup salad sandwich cake bread cheese tea juice piano guitar violin drum microphone speaker stage curtain costume
telescope microscope laboratory sample experiment data_set model notebook script template slide_deck logo brand_guide style_guide
design_file spreadsheet folder document password vault token account profile group mailing_list forum channel video podcast song
""".split()

PLURALS = """
desks chairs lamps keys rooms floors windows doors tables shelves boxes books pages files folders servers printers phones cables
screens bikes cars vans tickets users members guests students teachers nurses doctors drivers cooks engineers designers testers players
teams projects branches tests modules reports invoices parcels orders pallets bottles cups plates spoons knives apples trees plants
flowers cats dogs horses chickens bees fish tools hammers ladders sensors cameras alarms pumps batteries lockers badges cards seats
""".split()

ANIMALS = "cat dog parrot hamster rabbit goldfish turtle horse pony donkey goat duck hen cow pig mouse owl snake lizard".split()

# base, third person, -ing form, participle: what people do to things.
VERBS = [
    tuple(row.split())
    for row in """
approve approves approving approved
review reviews reviewing reviewed
maintain maintains maintaining maintained
clean cleans cleaning cleaned
repair repairs repairing repaired
order orders ordering ordered
check checks checking checked
update updates updating updated
publish publishes publishing published
write writes writing written
sign signs signing signed
prepare prepares preparing prepared
organise organises organising organised
manage manages managing managed
own owns owning owned
lead leads leading led
open opens opening opened
close closes closing closed
lock locks locking locked
start starts starting started
stop stops stopping stopped
restart restarts restarting restarted
test tests testing tested
deploy deploys deploying deployed
install installs installing installed
configure configures configuring configured
monitor monitors monitoring monitored
back_up backs_up backing_up backed_up
archive archives archiving archived
delete deletes deleting deleted
print prints printing printed
scan scans scanning scanned
send sends sending sent
collect collects collecting collected
deliver delivers delivering delivered
pay pays paying paid
book books booking booked
cancel cancels cancelling cancelled
plan plans planning planned
paint paints painting painted
water waters watering watered
feed feeds feeding fed
translate translates translating translated
design designs designing designed
build builds building built
inspect inspects inspecting inspected
replace replaces replacing replaced
charge charges charging charged
count counts counting counted
move moves moving moved
rename renames renaming renamed
reset resets resetting reset
renew renews renewing renewed
edit edits editing edited
record records recording recorded
teach teaches teaching taught
buy buys buying bought
sell sells selling sold
rent rents renting rented
store stores storing stored
share shares sharing shared
measure measures measuring measured
assign assigns assigning assigned
merge merges merging merged
release releases releasing released
sort sorts sorting sorted
supervise supervises supervising supervised
coordinate coordinates coordinating coordinated
handle handles handling handled
look_after looks_after looking_after looked_after
unlock unlocks unlocking unlocked
mow mows mowing mown
export exports exporting exported
import imports importing imported
request requests requesting requested
sharpen sharpens sharpening sharpened
""".strip().splitlines()
]

ROLES = """
manager director boss teacher nurse doctor driver cook gardener accountant lawyer secretary receptionist librarian designer engineer
developer tester architect analyst trainer coach captain president treasurer chairman host editor author translator photographer
plumber electrician carpenter painter mechanic pilot judge mayor head_of_sales head_of_support head_of_research head_of_finance
team_lead product_owner office_manager data_officer safety_officer security_officer fire_warden night_guard landlord caretaker
contact_person project_lead release_manager scrum_master intern chief_engineer support_lead
""".split()

EVENTS = """
meeting stand-up review party lunch dinner breakfast training workshop course lecture exam concert match race festival market
inspection fire_drill demo release backup maintenance_window delivery tour retreat hackathon interview call conference webinar
board_meeting team_meeting summer_party planning retrospective cleaning shift night_shift break school_trip yoga_class
""".split()

ROOMS = """
kitchen basement attic garage lobby reception canteen library workshop laboratory office storeroom server_room meeting_room hall
corridor cellar garden courtyard roof stairwell archive copy_room post_room changing_room lounge balcony warehouse shed
""".split()

HOLDERS = "drawer cupboard box cabinet shelf locker safe basket folder tray crate bag bin rack jar tin envelope binder".split()

POSITIONS = [
    "next to",
    "behind",
    "in front of",
    "under",
    "above",
    "near",
    "opposite",
    "beside",
    "on top of",
    "to the left of",
    "to the right of",
    "between the door and",
]

ATTRIBUTE_KINDS = {
    "number": "room_number extension line_number locker_number table_number size capacity serial_number limit account_number".split(),
    "port": ["port", "port_number"],
    "version": "version release firmware_version minimum_version".split(),
    "address": ["IP_address", "address", "host"],
    "url": ["URL", "web_address", "link", "endpoint", "home_page"],
    "email": ["email", "e-mail_address", "mail_address", "support_address"],
    "phone": ["phone_number", "telephone_number", "hotline", "mobile_number"],
    "code": ["code", "door_code", "PIN", "access_code", "order_number", "ticket_number", "project_code", "cost_centre", "model_number"],
    "secret": ["password", "passphrase", "Wi-Fi_password", "username", "login"],
    "colour": ["colour", "color"],
    "money": ["price", "budget", "cost", "fee", "rent", "deposit", "spending_limit", "fine"],
    "path": ["path", "folder", "config_file", "log_file", "directory", "location"],
    "duration": ["timeout", "warranty", "notice_period", "retention_period", "duration", "trial_period", "interval", "delay"],
    "date": ["deadline", "start_date", "end_date", "due_date", "release_date", "birthday", "expiry_date"],
    "time": ["opening_time", "closing_time", "start_time", "departure_time"],
    "name": ["name", "codename", "nickname", "title", "mascot", "brand", "hostname", "domain", "alias"],
    "tool": ["tool", "framework", "database", "editor", "language", "format", "library", "operating_system", "licence", "protocol"],
    "branch": ["branch", "tag", "default_branch", "environment"],
    "person": ["owner", "contact", "author", "maintainer", "supplier", "inventor", "founder", "deputy", "reviewer"],
    "measure": ["weight", "length", "height", "width", "temperature", "speed", "distance", "depth", "area"],
    "hex": ["commit", "checksum", "id", "hash", "colour_code"],
    "percent": ["share", "discount", "tax_rate", "target", "threshold", "interest_rate"],
}

TOOLS = """
Python Java Rust Go Ruby Kotlin Swift PHP Perl Lua Haskell Scala Linux Debian Ubuntu Fedora Windows Postgres MySQL SQLite Redis Kafka
Docker Git Jenkins Ansible Terraform Grafana Prometheus Nginx Apache Django Flask React Vue Excel Word Outlook Slack Zoom Teams Figma
Inkscape Blender Gimp Krita Emacs Vim JSON YAML XML CSV PDF HTML SVG PNG MIT GPL HTTP SSH FTP TCP UDP MQTT SMTP
""".split()

COLOURS = """red green blue white black yellow grey brown orange purple pink turquoise silver gold beige crimson violet navy teal
lime magenta maroon cyan ivory""".split()

DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = "January February March April May June July August September October November December".split()
NUMBER_WORDS = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
eighteen nineteen twenty""".split()

PROBLEMS = (
    """
is_broken|does_not_start|is_too_slow|is_full|is_empty|makes_a_strange_noise|is_offline|shows_an_error|is_locked|is_lost|smells_bad
is_too_hot|is_too_cold|leaks|blinks_red|does_not_answer|is_missing|is_out_of_date|fails|hangs|crashes|runs_out_of_paper|is_late|is_stuck
does_not_open|does_not_close|is_dirty|is_damaged|loses_data|cannot_be_found|beeps|turns_black|stops
""".replace("\n", "|")
    .strip("|")
    .replace("_", " ")
    .split("|")
)

REASONS = (
    """
it_saves_time|it_saves_money|it_is_the_law|it_is_safer|the_old_one_was_too_slow|customers_asked_for_it|it_uses_less_power
we_lost_data_once|the_insurance_asks_for_it|it_keeps_the_room_cool|it_is_easier_to_read|nobody_used_the_other_one|it_was_too_loud
it_is_good_for_the_team|the_auditor_wants_it|the_contract_says_so|it_makes_fewer_mistakes|it_must_not_get_wet|it_was_cheaper
it_can_be_tested|we_promised_it|the_neighbours_complained|it_is_needed_at_night|it_helps_new_people
""".replace("\n", "|")
    .strip("|")
    .replace("_", " ")
    .split("|")
)

# Sentences that follow a fact in a longer answer.
TAILS = (
    """
Please be careful.|It takes a few minutes.|Nobody else may do it.|This changed last year.|Ask if you are not sure.|Do not wait.
Write it down.|It is always open.|That is the rule.|There is only one.|It works every time.|Bring your badge.|You need no permission.
The key is in the office.|It is free of charge.|Please tell the team.|It is the same every week.|Always check twice.|Wear gloves.
""".replace("\n", "|")
    .strip("|")
    .split("|")
)

CAPITALS: dict[str, str] = {
    key: value
    for row in """
Poland:Warsaw Germany:Berlin France:Paris Spain:Madrid Italy:Rome Portugal:Lisbon Austria:Vienna Hungary:Budapest Greece:Athens
Sweden:Stockholm Norway:Oslo Denmark:Copenhagen Finland:Helsinki Iceland:Reykjavik Ireland:Dublin England:London Scotland:Edinburgh
Belgium:Brussels Netherlands:Amsterdam Switzerland:Bern Czechia:Prague Slovakia:Bratislava Slovenia:Ljubljana Croatia:Zagreb
Serbia:Belgrade Romania:Bucharest Bulgaria:Sofia Turkey:Ankara Ukraine:Kyiv Lithuania:Vilnius Latvia:Riga Estonia:Tallinn Russia:Moscow
China:Beijing Japan:Tokyo India:Delhi Thailand:Bangkok Vietnam:Hanoi Indonesia:Jakarta Nepal:Kathmandu Iran:Tehran Iraq:Baghdad
Egypt:Cairo Kenya:Nairobi Ghana:Accra Morocco:Rabat Tunisia:Tunis Canada:Ottawa Mexico:Mexico_City Cuba:Havana Peru:Lima Chile:Santiago
Brazil:Brasilia Argentina:Buenos_Aires Australia:Canberra Malta:Valletta Cyprus:Nicosia Luxembourg:Luxembourg
""".split()
    for key, value in [row.split(":")]
}

OPPOSITES: dict[str, str] = {
    key: value
    for row in """
hot:cold big:small old:new long:short high:low open:closed full:empty early:late quick:slow heavy:light wet:dry clean:dirty loud:quiet
left:right up:down in:out yes:no good:bad hard:soft rich:poor strong:weak young:old day:night black:white first:last true:false
always:never love:hate win:lose buy:sell push:pull north:south east:west inside:outside before:after start:end
""".split()
    for key, value in [row.split(":")]
}

ABBREVIATION_WORDS = """
annual basic central data early final general human internal joint key local main network office public quality remote safety team user
value weekly extra yearly access board control desk event file group help issue job kit list map note order plan queue report service
test unit view work zone audit budget check design export form guide hub input journal
""".split()


def spaced(word: str) -> str:
    """A list entry with its underscores turned into spaces."""
    return word.replace("_", " ")
